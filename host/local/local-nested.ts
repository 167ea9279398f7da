import type { Waiter } from "../../scheduler/actors/deadlocks.ts";
import type { Submission } from "../../scheduler/dataflow/pending-task.ts";
import type { ActorAddress, ActorName } from "../../scheduler/protocol/actor-address.ts";
import type { WaitTarget } from "../../scheduler/protocol/messages.ts";
import { encodeValue } from "../../scheduler/protocol/value.ts";
import type { NestedSubmitter } from "../nested/children.ts";
import type { GivenArg } from "./fit-args.ts";
import type { LocalBackend } from "./local-backend.ts";
import type { LocalObject } from "./local-object.ts";

/** What one running task has submitted and put, by ids. Nobody else knows these objects. */
export class LocalNested implements NestedSubmitter {
  readonly #backend: LocalBackend;
  readonly #objects = new Map<string, LocalObject>();
  /** What those are the results of that are actors' calls. */
  readonly #targets = new Map<string, WaitTarget>();

  constructor(backend: LocalBackend) {
    this.#backend = backend;
  }

  submit({ template, args, seed }: Submission): string {
    const { module, kernel, label, maxRetries, options } = template;
    const { depth = 0, ...others } = options;
    const target = this.#backend.targetOf(module, label, kernel, { ...others, seed, maxRetries, depth });
    return this.#keep(target.submitPlanned(this.#givenOf(args)));
  }

  findActor(name: ActorName): Promise<ActorAddress> {
    return this.#backend.findActor(name);
  }

  callActor({ id }: ActorAddress, method: string, args: Submission["args"]): string {
    const called = this.#keep(this.#backend.actors.of(id).callPlanned(method, this.#givenOf(args)));
    this.#targets.set(called, { id, method });
    return called;
  }

  waits(waiter: Waiter, id: string, failed: (error: Error) => void): () => void {
    return this.#backend.actors.waits(waiter, this.#targets.get(id) ?? { id }, failed);
  }

  put(value: Uint8Array): string {
    return this.#keep(this.#backend.keep(planOf(value), "put"));
  }

  drop(id: string): void {
    const object = this.#objects.get(id);
    object?.free();
    // Until its task has ended, that may have to be cancelled.
    object?.whenReady({
      ready: () => {
        this.#objects.delete(id);
        this.#targets.delete(id);
      },
    });
  }

  cancel(id: string): void {
    this.#objects.get(id)?.task?.cancel();
  }

  whenReady(id: string, listener: () => void): void {
    this.#objects.get(id)?.whenReady({ ready: listener });
  }

  async value(id: string): Promise<Uint8Array> {
    const { content } = this.#objects.get(id)!;
    switch (content.kind) {
      case "number":
        return encodeValue(content.value);
      case "bytes":
        return content.encoded;
      case "stored":
        // A copy, since nobody tells when the worker has read it.
        return (await content.object.viewed()).slice();
      case "failed":
        throw content.error;
      default:
        throw new RangeError(`object ${id} is not ready`);
    }
  }

  #givenOf(args: Submission["args"]): GivenArg[] {
    return args.map((arg) => {
      if (typeof arg === "string") return this.#objects.get(arg)!;
      return typeof arg === "number" ? arg : planOf(arg);
    });
  }

  #keep(object: LocalObject): string {
    const { id } = object;
    this.#objects.set(id, object);
    return id;
  }
}

/** An encoded value, as it is. */
const planOf = (encoded: Uint8Array) => ({
  byteLength: encoded.byteLength,
  writeInto: (target: Uint8Array, offset: number) => target.set(encoded, offset),
});
