import { toWireError, type WireError } from "../../scheduler/protocol/errors.ts";
import { encodeValue } from "../../scheduler/protocol/value.ts";
import { runningWord } from "../ring/control.ts";
import { ItemWriter, readItems } from "../ring/items.ts";
import { completionsAt, hostSleepsWord, hostState, type Shared, slotAt, timedWord } from "../ring/layout.ts";
import { Completions } from "../ring/rings.ts";
import {
  depthWord,
  numberWord,
  siteWord,
  slotState,
  stateWord,
  ticketWord,
  workerWord,
} from "../ring/slot.ts";
import { ActorTurns } from "./actor-turns.ts";
import type { Collectives } from "./collectives.ts";
import type { HostFunctions } from "./host-functions.ts";
import { KeptInstances } from "./kept-instances.ts";
import type { Mailbox } from "./mailbox.ts";
import type { FromWorker, Said, WorkerModule, WorkerSite } from "./messages.ts";
import type { Meter } from "./meter.ts";
import type { Nested } from "./nested.ts";
import { Sandbox } from "./sandbox.ts";
import { SiteCall } from "./site-call.ts";
import { TurnItems } from "./turn-items.ts";

export type CallRunnerDeps = {
  shared: Shared;
  control: Int32Array;
  /** The worker's own. */
  index: number;
  meter: Meter;
  nested: Nested;
  collectives: Collectives;
  host: HostFunctions;
  mailbox: Mailbox;
  post(message: FromWorker): void;
};

/** Runs calls: from a slot of shared memory, in a sandbox, and back into the slot. */
export class CallRunner {
  readonly #deps: CallRunnerDeps;
  readonly #kept = new KeptInstances();
  readonly #sandboxes = new Map<string, Sandbox>();
  readonly #actors: ActorTurns;
  readonly #turn: TurnItems;
  readonly #calls: SiteCall[] = [];
  readonly #writer: ItemWriter;
  readonly #completions: Completions;
  #slot = 0;
  #ticket = 0;

  constructor(deps: CallRunnerDeps) {
    this.#deps = deps;
    this.#actors = new ActorTurns((call) => this.#begin(call), deps.nested, deps.collectives);
    this.#turn = new TurnItems(deps.shared, (id) => deps.mailbox.segment(id));
    this.#writer = new ItemWriter(deps.shared);
    this.#completions = new Completions(deps.shared.words, completionsAt(deps.index));
  }

  /** Of the running call. */
  get ticket(): number {
    return this.#ticket;
  }

  /** Tells the host what the running call says. */
  say(message: Said): void {
    this.#deps.post({ kind: "said", slot: this.#slot, ticket: this.#ticket, message });
  }

  addModule(module: WorkerModule): void {
    this.#sandboxes.set(module.sha256, new Sandbox(module, this.#deps.host, this.#kept));
  }

  /** Calls that name this index are such from now on. */
  addSite(index: number, site: WorkerSite): void {
    this.#calls[index] = new SiteCall(site, this.#sandboxes.get(site.sha256)!, this.#deps.shared.bytes);
  }

  /** Runs the call in a slot, which the worker has taken and announced, to its end, and tells the host. */
  run(slot: number): void {
    const { shared, control, index } = this.#deps;
    const { words } = shared;
    const start = slotAt(slot);
    words[start + workerWord] = index;
    const { queued, running } = slotState;
    if (Atomics.compareExchange(words, start + stateWord, queued, running) === queued)
      this.#runClaimed(slot, start);
    this.#completions.push(slot);
    Atomics.store(control, runningWord, 0);
    this.#wakeHost();
    this.#kept.collect();
  }

  #wakeHost(): void {
    const { words } = this.#deps.shared;
    if (Atomics.load(words, hostSleepsWord) === hostState.awake) return;
    const was = Atomics.exchange(words, hostSleepsWord, hostState.awake);
    if (was === hostState.blocked) Atomics.notify(words, hostSleepsWord);
    else if (was === hostState.inLoop) this.#deps.post({ kind: "wake" });
  }

  #runClaimed(slot: number, start: number): void {
    const { shared, host } = this.#deps;
    const { words, floats } = shared;
    const call = this.#calls[words[start + siteWord]!]!;
    const isTimed = words[timedWord] === 1;
    const beganMs = isTimed ? performance.now() : 0;
    this.#slot = slot;
    this.#ticket = words[start + ticketWord]!;
    call.begin(words[start + depthWord]!, floats[(start + numberWord) / 2]!);
    this.#begin(call);
    let state: number = slotState.value;
    let value: unknown;
    try {
      value = this.#valueOf(call, slot, start);
      // Of one that fails, the others hear by the owner, who knows why.
      if (call.gang !== undefined) this.#deps.collectives.end();
    } catch (error) {
      state = slotState.error;
      value = encodeError(toWireError(error));
    }
    // A map has no recording, as it is many calls.
    if (host.recording !== undefined && !call.isMap) this.say({ kind: "readings", clock: host.recording });
    if (typeof value === "number") this.#writeNumber(slot, value);
    else this.#write(slot, value instanceof Uint8Array ? value : encodeValue(value));
    if (isTimed) floats[(start + numberWord) / 2] = performance.now() - beganMs;
    Atomics.store(words, start + stateWord, state);
  }

  #begin(call: SiteCall): void {
    const { meter, nested, collectives, host } = this.#deps;
    meter.begin(call.name, this.#ticket, call.limits);
    host.begin(call.name, call);
    nested.begin(call.name, call);
    collectives.begin(call.name, call);
  }

  /** The result of the call in a slot: a scalar, or encoded. */
  #valueOf(call: SiteCall, slot: number, start: number): unknown {
    const { shared, mailbox, meter } = this.#deps;
    if (call.isActor) {
      this.#turn.begin(slot, call);
      return this.#actors.run(call, this.#turn);
    }
    if (call.numbers?.takes(shared, start)) return call.numbers.run();
    const items = readItems(shared, slot);
    if (call.hasOwnSeed) {
      const { bytes } = items.pop()!;
      call.seedIn(bytes.byteOffset, bytes.byteLength);
    }
    const encoded = items.map((item) =>
      item.segment === 0 ? item.bytes : mailbox.segment(item.segment).subarray(0, item.byteLength),
    );
    if (call.map === undefined) return call.sandbox.run(call, encoded);
    return call.map.run(encoded, { meter, begin: () => this.#begin(call) });
  }

  #writeNumber(slot: number, value: number): void {
    this.#writer.begin(slot);
    this.#writer.number(value);
  }

  #write(slot: number, result: Uint8Array): void {
    this.#writer.begin(slot);
    if (result.byteLength <= this.#writer.leftBytes) {
      this.#writer.inline(result);
      return;
    }
    const buffer = new SharedArrayBuffer(result.byteLength);
    new Uint8Array(buffer).set(result);
    this.#deps.post({ kind: "result", buffer });
    this.#writer.segment(result.byteLength, madeByWorker);
  }
}

/** The segment of a result that the host gets to know with it. */
export const madeByWorker = -1;

/** What can't be a value, such as a function in an error's data, is not worth to lose the error for. */
function encodeError(error: WireError): Uint8Array {
  return encodeValue(JSON.parse(JSON.stringify(error)));
}
