import {
  ActorDiedError,
  TaskCancelledError,
  toWireError,
  type WireError,
} from "../../scheduler/protocol/errors.ts";
import { type GangPlace, isRefArg } from "../../scheduler/protocol/messages.ts";
import { encodeValue } from "../../scheduler/protocol/value.ts";
import type { BusTask } from "../bus-task.ts";
import type { CallTemplate } from "../call-template.ts";
import type { Children } from "../nested/children.ts";
import type { ObjectStore } from "../objects/store.ts";
import type { CallPool, Pool } from "../pool/pool.ts";
import { type ItemWriter, itemBytes, numberItemBytes, segmentItemBytes } from "../ring/items.ts";
import { type CallArg, writeArgs } from "../task-call.ts";
import { Actor, type ActorDeps, saveMethod } from "./actor.ts";
import type { ActorTurn } from "./actor-turn.ts";
import type { Checkpoint, MethodCall, MethodEnd } from "./method-call.ts";
import { decodeSnapshot, type Snapshot } from "./snapshot.ts";

export type BusActorsDeps = {
  pool: Pick<Pool, "submit" | "cancel"> & CallPool;
  store: ObjectStore;
  gangs: ActorDeps["gangs"];
  /** What a call takes, once it is here and has room in a slot. */
  valuesOf(task: BusTask): readonly CallArg[] | Promise<readonly CallArg[]>;
  /** The bytes of one of these, while the task has it. */
  bytesOf(task: BusTask, value: CallArg): Uint8Array;
  ended(task: BusTask, end: MethodEnd): void;
  /** The actor that this task has made has what it took no more. */
  letGo(task: BusTask): void;
  childrenOf(template: CallTemplate, turn: ActorTurn, seed: string): Children;
  log(id: string, text: string): void;
};

/** An actor of a client, with its calls in the order in which they came. */
type Hosted = {
  id: string;
  owner: string;
  /** Once its module is here. */
  actor: Actor | undefined;
  /** Those whose arguments are on their way, or that wait for such. */
  coming: BusMethodCall[];
  /** How many of them have begun to be gathered, from the first. */
  begunCount: number;
  /** What has made it and taken for it what it has of the host. */
  keepers: BusTask[];
  /** Calls that have objects in memory, or have these on their way. */
  heavyCount: number;
};

/** So many calls of an actor may have objects in memory, or on their way, before they run. */
const mostHeavy = 32;

/** The actors of a host's clients. */
export class BusActors {
  readonly #deps: BusActorsDeps;
  readonly #actors = new Map<string, Hosted>();
  /** How the calls of gangs that have not ended are stopped. */
  readonly #stops = new Map<BusTask, () => void>();
  #keyCount = 0;
  #takenCount = 0;

  constructor(deps: BusActorsDeps) {
    this.#deps = deps;
  }

  /** How many there are, with those that are about to be elsewhere. */
  get count(): number {
    return this.#actors.size + this.#takenCount;
  }

  /** Makes an actor, or calls a method of one. */
  run(task: BusTask): void {
    const { actor, keepsNeed } = task.template;
    const { id, does } = actor!;
    const isMade = does === "make" || does === "restore";
    const owner = task.owner ?? "";
    let hosted = this.#actors.get(id);
    if (hosted === undefined || hosted.owner !== owner) {
      if (!isMade || hosted !== undefined) {
        if (keepsNeed) this.#deps.letGo(task);
        this.#deps.ended(task, { kind: "error", error: notHere(id) });
        return;
      }
      hosted = { id, owner, actor: undefined, coming: [], begunCount: 0, heavyCount: 0, keepers: [] };
      this.#actors.set(id, hosted);
    }
    if (keepsNeed) hosted.keepers.push(task);
    const call = new BusMethodCall(task, this.#deps, (end) => {
      this.#stops.delete(task);
      // What could not be made is not there.
      if (isMade && end.kind !== "value") this.#drop(hosted);
      if (does === "take" && hosted.actor !== undefined) {
        this.#takenCount--;
        this.#letGo(hosted);
      }
      if (!call.isHeavy) return;
      hosted.heavyCount--;
      this.#gather(hosted);
    });
    if (call.gang !== undefined) {
      this.#stops.set(task, () => {
        if (hosted.actor === undefined) call.ended(stopped);
        else hosted.actor.stop(call, stopped);
      });
    }
    hosted.coming.push(call);
    this.#gather(hosted);
  }

  /** Ends a call of a gang; whether that came too late, its end tells. False when it is none of these. */
  stop(task: BusTask): boolean {
    const stop = this.#stops.get(task);
    stop?.();
    return stop !== undefined;
  }

  /** Gets here what the next calls take, as far as there may be so much at once. */
  #gather(hosted: Hosted): void {
    while (hosted.begunCount < hosted.coming.length) {
      const call = hosted.coming[hosted.begunCount]!;
      if (call.isHeavy && hosted.heavyCount >= mostHeavy) return;
      if (call.isHeavy) hosted.heavyCount++;
      hosted.begunCount++;
      const failed = (error: unknown) => {
        call.ended({ kind: "error", error: toWireError(error) });
        this.#goOn(hosted);
      };
      try {
        const values = this.#deps.valuesOf(call.task);
        if (values instanceof Promise) values.then((here) => this.#arrived(hosted, call, here), failed);
        else this.#arrived(hosted, call, values);
      } catch (error) {
        failed(error);
      }
    }
  }

  /** Ends actors of an owner. */
  end(owner: string, ids: readonly string[]): void {
    for (const id of ids) {
      const hosted = this.#actors.get(id);
      if (hosted?.owner === owner) this.#drop(hosted);
    }
  }

  /** Ends all actors of an owner. */
  endAllOf(owner: string): void {
    for (const hosted of [...this.#actors.values()]) if (hosted.owner === owner) this.#drop(hosted);
  }

  #arrived(hosted: Hosted, call: BusMethodCall, values: readonly CallArg[]): void {
    call.values = values;
    this.#goOn(hosted);
  }

  /** Gives the actor what it can have, in order. */
  #goOn(hosted: Hosted): void {
    const { coming } = hosted;
    while (coming.length > 0) {
      const call = coming[0]!;
      if (!call.hasEnded) {
        if (call.values === undefined) return;
        this.#does(hosted, call);
      }
      coming.shift();
      hosted.begunCount--;
    }
  }

  #does(hosted: Hosted, call: BusMethodCall): void {
    switch (call.task.template.actor!.does) {
      case "restore":
        this.#restore(hosted, call);
        return;
      case "take":
        // What comes later belongs to it where it is then.
        this.#actors.delete(hosted.id);
        this.#takenCount++;
        hosted.actor!.take(call);
        return;
      default:
        hosted.actor ??= this.#actorFor(hosted, call.task);
        hosted.actor.call(call);
    }
  }

  #restore(hosted: Hosted, call: BusMethodCall): void {
    try {
      const encoded = this.#deps.bytesOf(call.task, call.values![0]!);
      hosted.actor = this.#actorFor(hosted, call.task, decodeSnapshot(encoded));
      call.ended({ kind: "value", value: nothing });
    } catch (error) {
      call.ended({ kind: "error", error: toWireError(error) });
    }
  }

  #actorFor({ id, owner }: Hosted, { template }: BusTask, snapshot?: Snapshot): Actor {
    const { pool, store, log, gangs, childrenOf } = this.#deps;
    const deps = {
      ...{ pool, store, owner, id, log, gangs, key: this.#keyCount++ },
      childrenOf: (turn: ActorTurn, seed: string) => childrenOf(template, turn, seed),
      site: template.siteIn(pool, "item"),
      seed: template.actor!.seed ?? id,
      maxConcurrency: template.actor!.maxConcurrency ?? 1,
    };
    return new Actor(deps, snapshot);
  }

  #drop(hosted: Hosted): void {
    if (this.#actors.get(hosted.id) !== hosted) return;
    this.#actors.delete(hosted.id);
    const error = notHere(hosted.id);
    hosted.actor?.end(error);
    const coming = hosted.coming.splice(0);
    hosted.begunCount = 0;
    for (const call of coming) call.ended({ kind: "error", error });
    this.#letGo(hosted);
  }

  /** It has nothing of the host any more. */
  #letGo({ keepers }: Hosted): void {
    for (const task of keepers.splice(0)) this.#deps.letGo(task);
  }
}

/** A call of a client's actor. */
class BusMethodCall implements MethodCall {
  readonly task: BusTask;
  /** Whether it takes objects. */
  readonly isHeavy: boolean;
  /** What it takes, once it is here. */
  values: readonly CallArg[] | undefined;
  hasEnded = false;
  readonly #deps: BusActorsDeps;
  readonly #over: (end: MethodEnd) => void;

  constructor(task: BusTask, deps: BusActorsDeps, over: (end: MethodEnd) => void) {
    this.task = task;
    this.isHeavy = task.args.some(isRefArg);
    this.#deps = deps;
    this.#over = over;
  }

  get method(): number {
    const { does, method = 0 } = this.task.template.actor!;
    return does === "save" ? saveMethod : method;
  }

  get gang(): GangPlace | undefined {
    return this.task.template.gang;
  }

  get argCount(): number {
    return this.values!.length;
  }

  get checkpoint(): Checkpoint | undefined {
    const { template, id } = this.task;
    if (template.actor!.does !== "save") return undefined;
    const [base] = this.values!;
    return { id, base: base instanceof Uint8Array ? base : undefined };
  }

  get itemBytes(): number {
    let bytes = 0;
    for (const value of this.values!) bytes += itemBytesOf(value);
    return bytes;
  }

  write(items: ItemWriter): void {
    writeArgs(items, this.values!);
  }

  ended(end: MethodEnd): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.#deps.ended(this.task, end);
    this.#over(end);
  }
}

function itemBytesOf(value: CallArg): number {
  if (typeof value === "number") return numberItemBytes;
  return value instanceof Uint8Array ? itemBytes(value.byteLength) : segmentItemBytes;
}

const nothing = encodeValue(undefined);
const stopped = { kind: "error", error: toWireError(new TaskCancelledError("it was cancelled")) } as const;

const notHere = (id: string): WireError =>
  toWireError(new ActorDiedError(`actor ${id} is not here: it has ended`, { data: { id } }));
