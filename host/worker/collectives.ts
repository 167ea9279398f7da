import { type Collective, collectives, stepsOf } from "../../scheduler/collectives/collective.ts";
import { partOf, type Step } from "../../scheduler/collectives/step.ts";
import { TaskError } from "../../scheduler/protocol/errors.ts";
import { ringCapacity } from "../ring/byte-ring.ts";
import { type ElementType, type Reduction, reductions } from "../wasm/reductions.ts";
import { type Guest, readText } from "./guest.ts";
import type { Mesh } from "./mesh.ts";
import type { WorkerCall } from "./messages.ts";
import { mostReducedBytes, Reducer } from "./reducer.ts";

/** What members say before they send: what they do. Of a collective, it has to be the same for all. */
type Call = {
  what: Collective | "send";
  /** How manieth collective of the gang it is, to the member. */
  number: number;
  type: ElementType;
  reduction: Reduction | undefined;
  root: number;
  length: number;
};

const calls = [...collectives, "send"] as const;

/** The types of elements by how the SDK tells them: their bytes, and 16 for a sign, or 32 for a float. */
const typeOfCode: Record<number, ElementType> = {
  ...{
    1: "u8",
    2: "u16",
    4: "u32",
    8: "u64",
    17: "i8",
    18: "i16",
    20: "i32",
    24: "i64",
    36: "f32",
    40: "f64",
  },
};
const codeOfType = Object.fromEntries(Object.entries(typeOfCode).map(([code, type]) => [type, Number(code)]));
const bytesOf = (type: ElementType) => codeOfType[type]! % 16;

/** In words: what, number, type, reduction and 1 more, root, length. */
const headerBytes = 24;
type Words = [number, number, number, number, number, number];
/** A message up to this goes together with what it says first. */
const smallBytes = 4 * 1024;

/** What kernels import to work together: `kernels/sdk/collectives.ts`. Arrays are given by address and length. */
export class Collectives {
  readonly #mesh: Mesh;
  readonly #header = new Uint32Array(headerBytes / 4);
  readonly #small = new Uint8Array(headerBytes + smallBytes);
  #reducer: Reducer | undefined;
  #name = "";
  #count = 0;
  /** What `recv` has been told of and not yet taken. */
  #coming: { from: number; call: Call } | undefined;

  constructor(mesh: Mesh) {
    this.#mesh = mesh;
  }

  begin(name: string, call: WorkerCall): void {
    this.#mesh.begin(name, call);
    this.#name = name;
    this.#count = 0;
    this.#coming = undefined;
  }

  /** Whether the call has met the others of its gang. */
  get hasTalked(): boolean {
    return this.#mesh.hasJoined;
  }

  /** The task has returned. */
  end(): void {
    this.#mesh.end();
  }

  /** The imports of `kernels/sdk/wray.ts`. */
  functionsFor(guest: Guest) {
    const reductionAt = (address: number) => {
      const reduction = readText(guest, address) as Reduction;
      if (reductions.includes(reduction)) return reduction;
      throw new TaskError(`${this.#name}: ${JSON.stringify(reduction)} is none of ${reductions.join(", ")}`);
    };
    const bytesAt = (address: number, length: number, type: ElementType) =>
      arrayAt(guest, address, (length >>> 0) * bytesOf(type));
    return {
      rank: () => this.#mesh.place.rank,
      size: () => this.#mesh.place.size,
      barrier: () => this.#run(this.#call("barrier", "u8", 0), new Uint8Array()),
      broadcast: (address: number, length: number, code: number, root: number) => {
        const type = this.#typeOf(code);
        this.#run(this.#call("broadcast", type, length, { root }), bytesAt(address, length, type));
      },
      reduce: (address: number, length: number, code: number, reduction: number, root: number) => {
        const type = this.#typeOf(code);
        const call = this.#call("reduce", type, length, { reduction: reductionAt(reduction), root });
        const array = bytesAt(address, length, type);
        // On the way to the root, arrays of others hold what is reduced so far.
        this.#run(call, this.#mesh.place.rank === root ? array : array.slice());
      },
      all_reduce: (address: number, length: number, code: number, reduction: number) => {
        const type = this.#typeOf(code);
        const call = this.#call("allReduce", type, length, { reduction: reductionAt(reduction) });
        this.#run(call, bytesAt(address, length, type));
      },
      /** The second array is that of all members, one after the other. */
      all_gather: (address: number, length: number, code: number, target: number) => {
        const type = this.#typeOf(code);
        const { rank, size } = this.#mesh.place;
        const own = bytesAt(address, length, type);
        const all = bytesAt(target, size * length, type);
        all.set(own, rank * own.byteLength);
        this.#run(this.#call("allGather", type, size * length), all);
      },
      /** The second array is that of the member's own part. */
      reduce_scatter: (address: number, length: number, code: number, reduction: number, target: number) => {
        const type = this.#typeOf(code);
        const call = this.#call("reduceScatter", type, length, { reduction: reductionAt(reduction) });
        const { rank, size } = this.#mesh.place;
        const { start, count } = partOf(length, size, rank);
        const whole = bytesAt(address, length, type).slice();
        const part = bytesAt(target, count, type);
        this.#run(call, whole);
        part.set(whole.subarray(start * bytesOf(type), (start + count) * bytesOf(type)));
      },
      send: (address: number, length: number, code: number, to: number) => {
        const type = this.#typeOf(code);
        this.#tell(to, this.#call("send", type, length), bytesAt(address, length, type));
      },
      /** How long the array is that comes next from a member. */
      receive_length: (code: number, from: number) => {
        const type = this.#typeOf(code);
        const call = this.#hear(from);
        if (call.what !== "send" || call.type !== type)
          throw this.#differ(from, call, `takes an array of ${type}`);
        this.#coming = { from, call };
        return call.length;
      },
      receive: (address: number) => {
        const coming = this.#coming;
        if (coming === undefined) throw new TaskError(`${this.#name}: nothing was said to come`);
        this.#coming = undefined;
        const { type, length } = coming.call;
        this.#mesh.receive(coming.from, bytesAt(address, length, type));
      },
    };
  }

  #typeOf(code: number): ElementType {
    const type = typeOfCode[code];
    if (type !== undefined) return type;
    throw new TaskError(`${this.#name}: there is no type of elements ${code}`);
  }

  #call(
    what: Call["what"],
    type: ElementType,
    length: number,
    { reduction, root = 0 }: { reduction?: Reduction; root?: number } = {},
  ): Call {
    const { rank, size } = this.#mesh.place;
    if (root < 0 || root >= size)
      throw new TaskError(`${this.#name}: rank ${rank} of a gang of ${size} names rank ${root}`);
    return { what, number: this.#count, type, reduction, root, length: length >>> 0 };
  }

  /** Takes the steps of a collective on an array. */
  #run(call: Call, array: Uint8Array): void {
    const { what, type, reduction, root, length } = call;
    this.#count++;
    const bytes = bytesOf(type);
    // What all have sent and none has taken yet, as in a ring, has to have room, after what it is.
    const chunkBytes = Math.min(mostReducedBytes, ringCapacity(this.#mesh.place.size) / 2);
    const extent = { length, chunk: chunkBytes / bytes };
    const told = new Set<number>();
    const heard = new Set<number>();
    const steps = stepsOf(what as Collective, this.#mesh.place, root, extent, array.byteLength);
    for (const step of steps) {
      const part = array.subarray(step.start * bytes, (step.start + step.count) * bytes);
      if (step.kind === "send") {
        if (told.has(step.to)) this.#mesh.send(step.to, part);
        else this.#tell(step.to, call, part);
        told.add(step.to);
        continue;
      }
      if (!heard.has(step.from)) this.#check(step.from, call);
      heard.add(step.from);
      this.#take(step, part, type, reduction);
    }
  }

  #take(
    { from, reduces }: Extract<Step, { kind: "receive" }>,
    part: Uint8Array,
    type: ElementType,
    reduction: Reduction | undefined,
  ): void {
    if (!reduces) {
      this.#mesh.receive(from, part);
      return;
    }
    this.#reducer ??= new Reducer();
    this.#mesh.receive(from, this.#reducer.room(part.byteLength));
    this.#reducer.reduceInto(part, type, reduction!);
  }

  /** Sends the first part of a message, after what it is. */
  #tell(to: number, { what, number, type, reduction, root, length }: Call, part: Uint8Array): void {
    const reductionCode = reduction === undefined ? 0 : 1 + reductions.indexOf(reduction);
    this.#header.set([calls.indexOf(what), number, codeOfType[type]!, reductionCode, root, length]);
    const header = new Uint8Array(this.#header.buffer);
    if (part.byteLength > smallBytes) {
      this.#mesh.send(to, header);
      this.#mesh.send(to, part);
      return;
    }
    this.#small.set(header);
    this.#small.set(part, headerBytes);
    this.#mesh.send(to, this.#small.subarray(0, headerBytes + part.byteLength));
  }

  /** What a member does next, by its own account. */
  #hear(from: number): Call {
    this.#mesh.receive(from, new Uint8Array(this.#header.buffer));
    const [whatCode, number, typeCode, reductionCode, root, length] = [...this.#header] as Words;
    const [what, type] = [calls[whatCode], typeOfCode[typeCode]];
    if (what === undefined || type === undefined)
      throw new TaskError(`${this.#name}: what rank ${from} of its gang says can't be understood`);
    return { what, number, type, reduction: reductions[reductionCode - 1], root, length };
  }

  /** @throws TaskError when a member does something else */
  #check(from: number, call: Call): void {
    const theirs = this.#hear(from);
    const isSame = (Object.keys(call) as (keyof Call)[]).every((key) => theirs[key] === call[key]);
    if (!isSame) throw this.#differ(from, theirs, `calls ${describe(call)}`);
  }

  #differ(from: number, theirs: Call, ours: string): TaskError {
    const { rank } = this.#mesh.place;
    return new TaskError(
      `${this.#name}: rank ${rank} of its gang ${ours}, and rank ${from} ${describe(theirs)}`,
      {
        remedy: "Have all members call the same collectives, in the same order, with arrays of one length.",
        data: { kernel: this.#name, rank, other: from },
      },
    );
  }
}

/** So many bytes of an instance's memory, as a view. */
function arrayAt({ memory }: Guest, address: number, bytes: number): Uint8Array {
  const start = address >>> 0;
  if (memory !== undefined && start + bytes <= memory.buffer.byteLength)
    return new Uint8Array(memory.buffer, start, bytes);
  throw new TaskError(`the kernel gave the host an array of ${bytes} bytes at ${start}, where it has none`, {
    remedy: "Call the host through wray/kernels/sdk.",
  });
}

function describe({ what, number, type, reduction, root, length }: Call): string {
  if (what === "barrier") return `barrier (the gang's call ${number})`;
  if (what === "send") return `send of ${length} ${type}`;
  const details = [reduction, what === "broadcast" || what === "reduce" ? `root ${root}` : undefined];
  const with_ = details.filter((detail) => detail !== undefined).join(", ");
  return `${what}${with_ && ` by ${with_}`} of ${length} ${type} (the gang's call ${number})`;
}
