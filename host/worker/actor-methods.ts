import { InvalidTaskError } from "../../scheduler/protocol/errors.ts";
import { actorExport, type KernelSignature } from "../../scheduler/protocol/manifest.ts";
import { NumberMethod } from "./number-method.ts";
import type { SiteCall } from "./site-call.ts";
import type { TurnItems } from "./turn-items.ts";

type ActorMethod = {
  /** The exported function, and what it is called in messages. */
  exported: string;
  label: string;
  signature: KernelSignature;
  /** Undefined when it is not for numbers only. */
  numeric: NumberMethod | undefined;
};

/** What an actor class can do, as the calls of one site need it. */
export class ActorMethods {
  /** The arguments that were read last. */
  readonly numbers: number[] = [];
  readonly #methods: readonly ActorMethod[];

  /** @throws KernelNotFoundError when the module has no such class */
  constructor({ sandbox, kernel, name }: SiteCall) {
    const actor = sandbox.actor(kernel);
    this.#methods = [actor.create, ...actor.methods].map((signature) => {
      const exported = actorExport(actor.name, signature.name);
      return {
        ...{ exported, label: `${name}.${signature.name}`, signature },
        numeric: NumberMethod.of(exported, signature),
      };
    });
  }

  /** By its number, 0 for what makes the actor. @throws InvalidTaskError */
  method(number: number): ActorMethod {
    const method = this.#methods[number];
    if (method === undefined) throw new InvalidTaskError(`the actor has no method ${number}`);
    return method;
  }

  /** Reads the arguments of the call that is next, if they are numbers that fit. If not, they are still to be read. */
  readNumbers(turn: TurnItems): boolean {
    const numeric = this.#methods[turn.method]?.numeric;
    if (numeric === undefined || !numeric.takesCount(turn.argCount)) return false;
    return turn.takeNumbers(this.numbers, numeric);
  }
}
