import { Ids } from "../scheduler/protocol/ids.ts";
import type { Arg, Outcome } from "../scheduler/protocol/messages.ts";
import type { CallTemplate } from "./call-template.ts";
import type { StoredObject } from "./objects/stored-object.ts";
import type { TaskCall } from "./task-call.ts";

/** A task that came to this host over the bus, until it has ended. */
export class BusTask {
  readonly template: CallTemplate;
  /** By which its id is known; of one that has another id, undefined. */
  readonly number: number | undefined;
  readonly args: readonly Arg[];
  /** Its own seed; undefined when that is its id. */
  readonly ownSeed: string | undefined;
  /** Is told how it ended, once. */
  readonly ended: (task: BusTask, outcome: Outcome) => void;
  isCancelled = false;
  isOver = false;
  call: TaskCall | undefined;
  /** The arguments that it keeps in memory. */
  pinned: StoredObject[] | undefined;
  #id: string | undefined;

  /** @param name its id, or its number among those of the owner */
  constructor(
    template: CallTemplate,
    name: string | number,
    args: readonly Arg[],
    ownSeed: string | undefined,
    ended: (task: BusTask, outcome: Outcome) => void,
  ) {
    this.template = template;
    this.args = args;
    this.ended = ended;
    const isNumbered = typeof name === "number";
    this.number = isNumbered ? name : undefined;
    this.#id = isNumbered ? undefined : name;
    this.ownSeed = isNumbered ? ownSeed : (ownSeed ?? name);
  }

  get owner(): string | undefined {
    return this.template.owner;
  }

  get id(): string {
    this.#id ??= new Ids(this.owner!).of(this.number!);
    return this.#id;
  }

  get seed(): string {
    return this.ownSeed ?? this.id;
  }

  /** Keeps an object in memory until it is over. */
  pin(object: StoredObject): void {
    if (this.pinned === undefined) this.pinned = [object];
    else this.pinned.push(object);
  }
}
