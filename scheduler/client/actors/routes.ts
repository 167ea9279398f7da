import type { Control } from "../../control/control.ts";
import { type ActorAddress, addressOf, nameKey } from "../../protocol/actor-address.ts";
import { ActorDiedError, ActorUnavailableError } from "../../protocol/errors.ts";

/** How often it is looked for another owner, and for how long, in ms. */
const lookMs = 50;
const mostLookMs = 30_000;

export type RoutesDeps = { control: Pick<Control, "findActor"> };

/** Where detached actors are called: their names lead to the owners that they have now. */
export class Routes {
  readonly #control: RoutesDeps["control"];
  readonly #addresses = new Map<string, ActorAddress>();
  readonly #looking = new Set<string>();
  #isClosed = false;

  constructor({ control }: RoutesDeps) {
    this.#control = control;
  }

  /** Where an actor is called now that was called by this address. */
  of(address: ActorAddress): ActorAddress {
    return (address.detached && this.#addresses.get(keyOf(address))) ?? address;
  }

  /** Whether its owner is looked for. */
  isLooking(address: ActorAddress): boolean {
    return address.detached !== undefined && this.#looking.has(keyOf(address));
  }

  /** Looks for an owner other than this one; `found` is called once, for whoever has wanted it first. */
  look(address: ActorAddress, formerOwner: string, found: (error?: Error) => void): void {
    const key = keyOf(address);
    if (this.#looking.has(key)) return;
    // It is known already, since another call was earlier.
    if (this.of(address).owner !== formerOwner) {
      found();
      return;
    }
    this.#looking.add(key);
    void this.#other(address, formerOwner)
      .then(
        (other) => {
          this.#addresses.set(key, other);
          return undefined;
        },
        (error) => error as Error,
      )
      .then((error) => {
        this.#looking.delete(key);
        if (!this.#isClosed) found(error);
      });
  }

  /** Whether a detached actor has an owner other than this one by now, which is called from then on. */
  async hasMoved(address: ActorAddress, formerOwner: string): Promise<boolean> {
    const known = await this.#control.findActor(address.detached!).catch(() => undefined);
    const other = known && addressOf(known.address);
    if (other === undefined || other.owner === formerOwner || this.isLooking(address)) return false;
    this.#addresses.set(keyOf(address), other);
    return true;
  }

  close(): void {
    this.#isClosed = true;
  }

  async #other({ detached, actor }: ActorAddress, formerOwner: string): Promise<ActorAddress> {
    const { namespace, name } = detached!;
    const data = { namespace, name };
    const untilMs = performance.now() + mostLookMs;
    while (performance.now() < untilMs && !this.#isClosed) {
      const known = await this.#control.findActor(detached!);
      if (known === undefined)
        throw new ActorDiedError(`the detached actor ${JSON.stringify(name)}, of ${actor}, is gone`, {
          data,
        });
      const address = addressOf(known.address);
      if (address.owner !== formerOwner) return address;
      await new Promise((resolve) => setTimeout(resolve, lookMs));
    }
    throw new ActorUnavailableError(
      `no host has taken over the detached actor ${JSON.stringify(name)}, of ${actor}, whose host died`,
      { remedy: "See that hosts of the cluster run.", data },
    );
  }
}

const keyOf = ({ detached }: ActorAddress) => nameKey(detached!);
