import type { Call, CallEnd } from "../../../host/pool/call.ts";
import type { CallPool } from "../../../host/pool/pool.ts";
import { Sites } from "../../../host/pool/site.ts";
import type { ItemWriter } from "../../../host/ring/items.ts";
import type { NestedReply } from "../../../host/worker/messages.ts";
import { TaskError, toWireError, WorkerCrashedError } from "../../../scheduler/protocol/errors.ts";
import { type Encoded, encodeValue } from "../../../scheduler/protocol/value.ts";
import { digestOf, itemOf, type KernelName, mix, resultOf } from "./kernels.ts";

type End = CallEnd | { kind: "number"; value: number };

/** A call that has begun. */
type Run = {
  call: Call;
  digests: number[];
  isStopped: boolean;
  /** What it waits for, if it waits for tasks of its own or for its items to be taken. */
  answer: ((reply: NestedReply) => void) | undefined;
  /** Ends its work before its time. */
  wake: () => void;
};

/** What the pool leaves to chance, and whom it tells what it does. */
export type SimulatedWork = {
  /** How long the next call works, in ms. */
  workMs(): number;
  /** Whether its worker dies in the middle. */
  crashes(): boolean;
  /** Is told of each call that begins. Returns a number that no other run has. */
  begun(call: Call): number;
  crashed(call: Call): void;
};

const longestStopMs = 10;

/** Takes the place of a host's workers: it runs calls for a time, and gives what their kernels would. */
export class SimulatedPool implements CallPool {
  readonly #cpus: number;
  readonly #work: SimulatedWork;
  readonly #sites = new Sites(() => {});
  readonly #segments = new Map<number, SharedArrayBuffer>();
  readonly #waiting: Call[] = [];
  readonly #runs = new Map<Call, Run>();
  #isClosed = false;
  #drained = () => {};

  constructor(cpus: number, work: SimulatedWork) {
    this.#cpus = cpus;
    this.#work = work;
  }

  get running(): number {
    return this.#runs.size - this.blocked;
  }

  get blocked(): number {
    return [...this.#runs.values()].filter(({ answer }) => answer !== undefined).length;
  }

  site: CallPool["site"] = (facts) => this.#sites.get(facts);

  addSegment(id: number, buffer: SharedArrayBuffer): void {
    this.#segments.set(id, buffer);
  }

  forgetSegment(id: number): void {
    this.#segments.delete(id);
  }

  submit(call: Call): void {
    call.hasEnded = false;
    call.site.callCount++;
    if (this.#isClosed) queueMicrotask(() => this.#end(call, { kind: "returned" }));
    else {
      this.#waiting.push(call);
      this.#fill();
    }
  }

  cancel(call: Call): void {
    if (call.hasEnded || this.withdraw(call)) return;
    const run = this.#runs.get(call)!;
    run.isStopped = true;
    setTimeout(() => {
      run.wake();
      run.answer?.({ kind: "taken", count: 0 });
    }, longestStopMs * Math.random());
  }

  withdraw(call: Call): boolean {
    const at = this.#waiting.indexOf(call);
    if (call.hasEnded || at < 0) return false;
    this.#waiting.splice(at, 1);
    this.#end(call, { kind: "returned" });
    return true;
  }

  reply(call: Call, reply: NestedReply): void {
    this.#runs.get(call)?.answer?.(reply);
  }

  countEnded(): void {}

  wake(): void {}

  /** Memory is never short here. */
  shed(): boolean {
    return false;
  }

  async drain(deadlineMs: number): Promise<void> {
    this.#isClosed = true;
    for (const call of this.#waiting.splice(0)) this.#end(call, { kind: "returned" });
    let timer: NodeJS.Timeout | undefined;
    if (this.#runs.size > 0 && deadlineMs > 0) {
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
        timer = setTimeout(resolve, deadlineMs);
      });
    }
    clearTimeout(timer);
    for (const run of this.#runs.values()) {
      this.#end(run.call, { kind: "returned" });
      run.wake();
    }
  }

  #fill(): void {
    while (this.#waiting.length > 0 && this.running < this.#cpus) void this.#run(this.#waiting.shift()!);
  }

  async #run(call: Call): Promise<void> {
    const run: Run = { call, digests: this.#read(call), isStopped: false, answer: undefined, wake() {} };
    this.#runs.set(call, run);
    const number = this.#work.begun(call);
    const startMs = performance.now();
    const [workMs, crashes] = [this.#work.workMs(), this.#work.crashes()];
    await this.#busy(run, crashes ? workMs / 2 : workMs);
    const end = crashes ? this.#crash(call) : await this.#endOf(run, number);
    call.ranMs = performance.now() - startMs;
    this.#end(call, run.isStopped ? { kind: "returned" } : end);
  }

  #crash(call: Call): End {
    this.#work.crashed(call);
    return { kind: "error", error: toWireError(new WorkerCrashedError("the simulated worker died")) };
  }

  /** The digests of its arguments; what comes behind them is its seed. */
  #read(call: Call): number[] {
    const digests: number[] = [];
    const items = {
      number: (value: number) => digests.push(value),
      inline: (bytes: Uint8Array) => digests.push(digestOf(bytes)),
      segment: (byteLength: number, id: number) =>
        digests.push(digestOf(new Uint8Array(this.#segments.get(id)!, 0, byteLength))),
    };
    call.write(items as unknown as ItemWriter);
    return call.site.facts.seed.kind === "item" ? digests.slice(0, -1) : digests;
  }

  async #endOf(run: Run, number: number): Promise<End> {
    const { call, digests } = run;
    const kernel = call.site.facts.kernel as KernelName;
    switch (kernel) {
      case "fails":
        return { kind: "error", error: toWireError(new TaskError("the simulated kernel failed")) };
      case "witness":
        return { kind: "number", value: number };
      case "nested":
        return this.#nested(run);
      case "items":
        await this.#yieldItems(run);
        return endWith(resultOf(kernel, digests));
      default:
        return endWith(resultOf(kernel, digests));
    }
  }

  /** Has a task of its own compute the result. */
  async #nested(run: Run): Promise<End> {
    const args = [mix(run.digests), 1].map((each) => encodeValue(each));
    run.call.said({ kind: "submit", ref: 0, kernel: "sim/small", args });
    const reply = await this.#wait(run, () => run.call.said({ kind: "get", ref: 0 }));
    if (reply.kind === "failed") return { kind: "error", error: reply.error };
    return reply.kind === "value" ? { kind: "value", encoded: reply.value } : { kind: "returned" };
  }

  async #yieldItems(run: Run): Promise<void> {
    const { call, digests } = run;
    const [count = 0] = digests;
    const most = call.site.facts.stream!;
    let takenCount = 0;
    for (let index = 0; index < count && !run.isStopped && !call.hasEnded; index++) {
      const value = itemOf(mix(digests), index);
      const waits = index + 1 - takenCount >= most;
      if (!waits) call.said({ kind: "item", index, value, waits });
      else {
        const reply = await this.#wait(run, () => call.said({ kind: "item", index, value, waits }));
        if (reply.kind === "taken") takenCount = reply.count;
      }
      await this.#busy(run, 1);
    }
  }

  /** What answers it; meanwhile its cpu is another's. */
  async #wait(run: Run, ask: () => void): Promise<NestedReply> {
    const reply = await new Promise<NestedReply>((resolve) => {
      run.answer = resolve;
      ask();
      this.#fill();
    });
    run.answer = undefined;
    return reply;
  }

  #busy(run: Run, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      run.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #end(call: Call, end: End): void {
    if (call.hasEnded) return;
    call.hasEnded = true;
    call.site.callCount--;
    this.#runs.delete(call);
    if (end.kind === "number") call.endedWithNumber(end.value);
    else call.ended(end);
    if (this.#runs.size === 0) this.#drained();
    if (!this.#isClosed) this.#fill();
  }
}

/** Numbers and small values are in the slot of a call; of large ones the worker makes memory. */
function endWith(value: Encoded): End {
  if (typeof value === "number") return { kind: "number", value };
  if (value.byteLength < 4_096) return { kind: "value", encoded: value };
  const buffer = new SharedArrayBuffer(value.byteLength);
  new Uint8Array(buffer).set(value);
  return { kind: "large", buffer };
}
