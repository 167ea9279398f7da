import { controlWords, stopWord } from "../../../host/ring/control.ts";
import { ItemWriter, readItems } from "../../../host/ring/items.ts";
import { controlAt, sharedBytes, slotAt, viewShared } from "../../../host/ring/layout.ts";
import { itemCountWord, slotState, stateWord } from "../../../host/ring/slot.ts";
import { CallRunner, madeByWorker } from "../../../host/worker/call-runner.ts";
import { Collectives } from "../../../host/worker/collectives.ts";
import { HostFunctions } from "../../../host/worker/host-functions.ts";
import { Mailbox } from "../../../host/worker/mailbox.ts";
import { Mesh } from "../../../host/worker/mesh.ts";
import type { FromWorker, Said, WorkerModule, WorkerSite } from "../../../host/worker/messages.ts";
import { Meter } from "../../../host/worker/meter.ts";
import { Nested } from "../../../host/worker/nested.ts";
import type { WireError } from "../../../scheduler/protocol/errors.ts";
import { defaultGrant, defaultLimits } from "../../../scheduler/protocol/limits.ts";
import type { KernelSignature, ScalarType } from "../../../scheduler/protocol/manifest.ts";
import { decodeValue, encodeValue } from "../../../scheduler/protocol/value.ts";

/** A value that is encoded already. */
export class Encoded {
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}

/** How a call ended. */
export type Outcome = { value: unknown } | { error: WireError };

/** What is in a slot of memory that nobody else has. */
const slot = 0;
const ticket = 7;

/** A worker's runner of calls, in this thread, with one slot. */
export class TestRunner {
  readonly shared = viewShared(new SharedArrayBuffer(sharedBytes));
  readonly said: Said[] = [];
  /** Is called when a call, or one of a map, begins. */
  begun: () => void = () => {};
  readonly #control = this.shared.words.subarray(controlAt(0), controlAt(0) + controlWords);
  readonly #writer = new ItemWriter(this.shared);
  readonly #segments = new Map<number, Uint8Array>();
  readonly #runner: CallRunner;
  #siteCount = 0;

  constructor() {
    const [control, segments] = [this.#control, this.#segments];
    const hear = () => this.begun();
    const meter = new (class extends Meter {
      override restart(): void {
        super.restart();
        hear();
      }
    })(control);
    const mailbox = new (class extends Mailbox {
      override segment(id: number): Uint8Array {
        return segments.get(id)!;
      }
    })({ port: undefined as never, control, onModule() {}, onSite() {} });
    const outside = { meter, control, post: (message: Said) => this.said.push(message) as never };
    const nested = new Nested({ ...outside, receive: () => undefined });
    const none = () => undefined as never;
    const mesh = new Mesh({ ...outside, index: 0, wake() {}, ofFile: none, receive: none });
    const collectives = new Collectives(mesh);
    const host = new HostFunctions({ ...outside, nested, collectives });
    const post = (message: FromWorker) => message.kind === "said" && this.said.push(message.message);
    this.#runner = new CallRunner({
      ...{ shared: this.shared, control, index: 0, meter, nested, collectives, host, mailbox },
      post: post as (message: FromWorker) => void,
    });
  }

  /** The index of a new site for a kernel. */
  site(module: WorkerModule, kernel: string, options: Partial<WorkerSite> = {}): number {
    this.#runner.addModule(module);
    this.#runner.addSite(this.#siteCount, {
      ...{ sha256: module.sha256, kernel, limits: defaultLimits, grant: defaultGrant },
      ...{ seed: { kind: "numbered", prefix: "task-" }, isMap: false },
      ...options,
    });
    return this.#siteCount++;
  }

  /** Runs a call, with these items. */
  run(site: number, values: readonly unknown[]): Outcome {
    return this.#run(site, () => {
      for (const value of values) this.#write(value);
    });
  }

  /** Runs some calls of a map, whose results go into an array of the kind of this one; returns that, or the error. */
  map<Results extends ArrayBufferView>(
    site: number,
    { start, count }: { start: number; count: number },
    args: readonly unknown[],
    results: Results,
    ...more: unknown[]
  ): Outcome & { results: Results } {
    this.#segments.clear();
    const outcome = this.#run(site, () => {
      this.#write(start);
      this.#write(count);
      for (const arg of args) this.#write(arg);
      this.#writeSegment(results);
      for (const each of more) this.#write(each);
    });
    return { ...outcome, results: decodeValue(this.#segments.get(this.#segments.size)!) as Results };
  }

  /** The words of the last result, when it is a number. */
  get resultWords(): Int32Array {
    const { buffer, byteOffset } = readItems(this.shared, slot)[0]!.bytes;
    return new Int32Array(buffer, byteOffset, 4);
  }

  /** Tells the call that runs to end. */
  stop(): void {
    this.#control[stopWord] = ticket;
  }

  #run(site: number, write: () => void): Outcome {
    const { words } = this.shared;
    const start = slotAt(slot);
    words[start + stateWord] = slotState.queued;
    words[start + 1] = site;
    words[start + 2] = ticket;
    this.#control[stopWord] = 0;
    this.#writer.begin(slot);
    write();
    this.#runner.run(slot);
    if (words[start + itemCountWord] !== 1) throw new Error("a slot holds one result");
    const { bytes, segment } = readItems(this.shared, slot)[0]!;
    if (segment === madeByWorker) throw new Error("the result is large");
    const value = decodeValue(bytes.slice());
    return words[start + stateWord] === slotState.error ? { error: value as WireError } : { value };
  }

  #write(value: unknown): void {
    if (typeof value === "number") this.#writer.number(value);
    else if (value instanceof Encoded) this.#writer.inline(value.bytes);
    else if (ArrayBuffer.isView(value)) this.#writeSegment(value);
    else this.#writer.inline(encodeValue(value));
  }

  #writeSegment(value: ArrayBufferView): void {
    const encoded = encodeValue(value);
    const memory = new Uint8Array(new SharedArrayBuffer(encoded.byteLength));
    memory.set(encoded);
    const id = this.#segments.size + 1;
    this.#segments.set(id, memory);
    this.#writer.segment(encoded.byteLength, id);
  }
}

/** A kernel as a manifest has it. */
export const kernelOf = (
  name: string,
  params: readonly ScalarType[],
  returns: KernelSignature["returns"],
): KernelSignature => ({
  ...{ name, returns, file: "test.ts", line: 1 },
  params: params.map((type, index) => ({ name: `p${index}`, type })),
});
