import { actorExists, actorNotFound } from "../../control/actor-names.ts";
import type { Control } from "../../control/control.ts";
import { type ActorAddress, type ActorName, addressOf, addressText } from "../../protocol/actor-address.ts";
import type { NamedActor } from "../../protocol/messages.ts";

export type NamingDeps = {
  control: Pick<Control, "nameActor" | "findActor" | "dropActor">;
  /** Whether an actor is still there. */
  isThere(address: ActorAddress): Promise<boolean>;
};

/** The names of actors. A name is its actor's as long as that is there; one that is dead gives way to another. */
export class Naming {
  readonly #deps: NamingDeps;

  constructor(deps: NamingDeps) {
    this.#deps = deps;
  }

  /**
   * Gives an actor a name. Returns the actor that has it: this one, or with `getIfExists` the one that had it before.
   * @throws ActorAlreadyExistsError
   */
  async claim(name: ActorName, address: ActorAddress, getIfExists: boolean): Promise<ActorAddress> {
    const named = { address: addressText(address) };
    let dead: NamedActor | undefined;
    for (;;) {
      const known = await this.#deps.control.nameActor(name, named, dead);
      if (known.address === named.address) return address;
      const other = addressOf(known.address);
      if (!(await this.#deps.isThere(other))) dead = known;
      else if (getIfExists) return other;
      else throw actorExists(name);
    }
  }

  /** @throws ActorNotFoundError */
  async find(name: ActorName): Promise<ActorAddress> {
    const known = await this.#deps.control.findActor(name);
    const address = known && addressOf(known.address);
    if (address !== undefined && (await this.#deps.isThere(address))) return address;
    throw actorNotFound(name);
  }

  /** An actor is gone, and its name is free. */
  async drop(name: ActorName, address: ActorAddress): Promise<void> {
    // When that fails, whoever wants the name finds that its actor is gone.
    await this.#deps.control.dropActor(name, addressText(address)).catch(() => {});
  }
}
