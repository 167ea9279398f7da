import { checkValue } from "../../scheduler/manifest/check.ts";
import { fromWireError, LimitExceededError, TaskError, WrayError } from "../../scheduler/protocol/errors.ts";
import { type Manifest, type Type, typeName, withoutNull } from "../../scheduler/protocol/manifest.ts";
import { inlineBytes } from "../../scheduler/protocol/messages.ts";
import { decodeValue, type Encoded, encodeValue } from "../../scheduler/protocol/value.ts";
import { endedWord } from "../ring/control.ts";
import { type Guest, integersAt, readText } from "./guest.ts";
import type { NestedReply, Said, WorkerCall } from "./messages.ts";
import type { Meter } from "./meter.ts";
import { lift, lower } from "./values.ts";

/** A task may hold so many refs for each task that it may have under way. */
const refsPerNested = 100;

export type NestedDeps = {
  meter: Meter;
  control: Int32Array;
  post(message: Said): void;
  /** The host's answer, if it has come. */
  receive(): NestedReply | undefined;
};

/**
 * What a running task submits, puts and gets by itself. To the kernel a ref is a number that counts from 1, an argument
 * that is about to be passed another. The host keeps the objects; to wait for one blocks this thread.
 */
export class Nested {
  readonly #deps: NestedDeps;
  #call!: WorkerCall;
  #name = "";
  /** Whether the running call has others before it in its turn: whatever it asked for would be asked again with these. */
  isShared = false;
  /** Whether a call has asked for anything since the last that began. */
  #isUsed = false;
  #refCount = 0;
  #submittedCount = 0;
  /** What the worker's count of ended tasks was when the call began. */
  #endedBefore = 0;
  /** Items that the call has yielded, and those of them that it knows to be taken. */
  #emittedCount = 0;
  #takenCount = 0;
  #args: (Uint8Array | number)[] = [];
  /** What the host keeps for each ref that is held: its encoded bytes, arguments and puts. */
  readonly #heldBytes = new Map<number, number>();
  #allHeldBytes = 0;

  constructor(deps: NestedDeps) {
    this.#deps = deps;
  }

  begin(name: string, call: WorkerCall): void {
    this.#name = name;
    this.#call = call;
    this.#endedBefore = Atomics.load(this.#deps.control, endedWord);
    if (!this.#isUsed) return;
    this.#isUsed = false;
    this.#refCount = 0;
    this.#submittedCount = 0;
    this.#emittedCount = 0;
    this.#takenCount = 0;
    this.#args = [];
    this.#heldBytes.clear();
    this.#allHeldBytes = 0;
  }

  /** Whether the running call has asked for anything. */
  get isUsed(): boolean {
    return this.#isUsed;
  }

  #use(): void {
    if (this.isShared) throw new TaskError(`${this.#name} asks for something in a turn with others`);
    this.#isUsed = true;
  }

  /** The imports of `kernels/sdk/wray.ts`. */
  functionsFor(guest: Guest, manifest: Manifest) {
    const typeOf = (classId: number) => {
      const type = manifest.nested?.[String(classId)];
      if (type !== undefined) return type;
      throw new TaskError(`${this.#name}: the manifest does not tell what class ${classId} is`);
    };
    const encodedObject = (address: number, classId: number, maxBytes: number) => {
      const type = typeOf(classId);
      const value = address === 0 ? null : lift(guest.runtime!, manifest, type, address, maxBytes);
      return encodeValue(value);
    };
    const givenObject = (address: number, classId: number) =>
      encodedObject(address, classId, this.#call.limits.maxArgumentBytes);
    const check = (type: Type, value: unknown) =>
      checkValue(`${this.#name}: the value of get<${typeName(type)}>`, type, value, manifest.classes);
    const take = (ref: number) => decodeValue(this.#get(ref));
    return {
      arg_float: (value: number) => this.#pass(encodeValue(value)),
      arg_bool: (value: number) => this.#pass(encodeValue(value !== 0)),
      arg_int: (value: bigint, bits: number, isSigned: number) =>
        this.#pass(encodeValue(integer(value, bits, isSigned))),
      arg_object: (address: number, classId: number) => this.#pass(givenObject(address, classId)),
      arg_ref: (ref: number) => this.#pass(this.#known(ref)),
      submit: (kernel: number, args: number, count: number) =>
        this.#submit(readText(guest, kernel), [...integersAt(guest, args, count)]),
      put_float: (value: number) => this.#put(encodeValue(value)),
      put_bool: (value: number) => this.#put(encodeValue(value !== 0)),
      put_int: (value: bigint, bits: number, isSigned: number) =>
        this.#put(encodeValue(integer(value, bits, isSigned))),
      put_object: (address: number, classId: number) => this.#put(givenObject(address, classId)),
      emit_float: (value: number) => this.#emit(value),
      emit_bool: (value: number) => this.#emit(encodeValue(value !== 0)),
      emit_int: (value: bigint, bits: number, isSigned: number) => {
        const item = integer(value, bits, isSigned);
        this.#emit(typeof item === "number" ? item : encodeValue(item));
      },
      emit_object: (address: number, classId: number) =>
        this.#emit(encodedObject(address, classId, this.#call.limits.maxResultBytes)),
      free: (ref: number) => this.#free(ref),
      take_void: (ref: number) => {
        take(ref);
      },
      take_float: (ref: number) => {
        const value = take(ref);
        check("f64", value);
        return value;
      },
      take_bool: (ref: number) => {
        const value = take(ref);
        check("bool", value);
        return Number(value);
      },
      take_int: (ref: number, bits: number, isSigned: number) => {
        const value = take(ref);
        const type = `${isSigned ? "i" : "u"}${bits}` as "i32";
        check(type, value);
        return BigInt(value as number | bigint);
      },
      take_object: (ref: number, classId: number, isNullable: number) => {
        // What is nullable anywhere in the module is so in its manifest; what is due here, the kernel says.
        const type = isNullable ? typeOf(classId) : withoutNull(typeOf(classId));
        const value = take(ref);
        if (isNullable && value === null) return 0;
        check(type, value);
        return lower(guest.runtime!, manifest, type, value);
      },
      wait: (refs: number, count: number, numReturns: number, timeoutMs: number) => {
        const view = integersAt(guest, refs, count);
        const ready = new Set(this.#wait([...view], numReturns, timeoutMs));
        for (let index = 0; index < count; index++) view[index] = ready.has(view[index]!) ? 1 : 0;
      },
    };
  }

  /** Keeps an argument for the call that it belongs to. Returns its number. */
  #pass(arg: Uint8Array | number): number {
    const { maxNested } = this.#call.limits;
    this.#use();
    if (this.#args.length > maxNested) throw this.#tooMuch("maxNested", "holds more arguments than its");
    return this.#args.push(arg) - 1;
  }

  #submit(kernel: string, numbers: number[]): number {
    if (this.#call.isMap) throw this.#notInMap();
    const args = numbers.map((number) => {
      const arg = this.#args[number];
      if (arg === undefined) throw new TaskError(`${this.#name}: remote was given an argument that is none`);
      return arg;
    });
    // Calls nest in each other's arguments, so only the last ones are done with.
    if (numbers.length > 0) this.#args.length = Math.min(...numbers);
    const endedCount = (Atomics.load(this.#deps.control, endedWord) - this.#endedBefore) | 0;
    const inFlight = this.#submittedCount - endedCount;
    if (inFlight >= this.#call.limits.maxNested)
      throw this.#tooMuch("maxNested", "has more tasks under way than its");
    this.#submittedCount++;
    const ref = this.#hold(
      args.reduce<number>((sum, arg) => sum + (typeof arg === "number" ? 0 : arg.byteLength), 0),
    );
    this.#deps.post({ kind: "submit", ref, kernel, args });
    return ref;
  }

  #put(value: Uint8Array): number {
    if (this.#call.isMap) throw this.#notInMap();
    const ref = this.#hold(value.byteLength);
    this.#deps.post({ kind: "put", ref, value });
    return ref;
  }

  /** Yields an item, and waits while nobody has room for more. */
  #emit(item: Encoded): void {
    const { stream, limits } = this.#call;
    if (stream === undefined) throw this.#notStreamed();
    if (typeof item !== "number" && item.byteLength > limits.maxResultBytes) throw this.#tooLarge();
    this.#use();
    const index = this.#emittedCount++;
    const waits = this.#emittedCount - this.#takenCount >= stream;
    this.#deps.post({ kind: "item", index, value: isLarge(item) ? shared(item) : item, waits });
    if (!waits) return;
    const reply = this.#deps.meter.await(this.#deps.receive);
    if (reply.kind !== "taken") {
      throw reply.kind === "failed" ? fromWireError(reply.error) : unexpected(reply);
    }
    this.#takenCount = reply.count;
  }

  /** A new ref, for which the host keeps so many bytes. */
  #hold(bytes: number): number {
    const { maxNested, maxArgumentBytes } = this.#call.limits;
    this.#use();
    if (this.#heldBytes.size >= maxNested * refsPerNested) {
      throw this.#tooMuch("maxNested", `holds more than ${refsPerNested} refs for each of its`);
    }
    if (this.#allHeldBytes + bytes > maxArgumentBytes) {
      throw this.#tooMuch("maxArgumentBytes", "has given away more bytes than its");
    }
    this.#allHeldBytes += bytes;
    this.#heldBytes.set(++this.#refCount, bytes);
    return this.#refCount;
  }

  #free(ref: number): void {
    this.#allHeldBytes -= this.#heldBytes.get(this.#known(ref))!;
    this.#heldBytes.delete(ref);
    this.#deps.post({ kind: "free", ref });
  }

  /** A map is many calls and one task, and tasks of its own would be of none of these. */
  #notInMap(): TaskError {
    return new TaskError(`${this.#name}: the calls of a map can't submit tasks or put values`, {
      remedy: "Submit each call by itself.",
      data: { kernel: this.#name },
    });
  }

  #notStreamed(): TaskError {
    return new TaskError(`${this.#name} emits, and was not called to: nobody would take the values`, {
      remedy: "Call it with stream() instead of remote() or map().",
      data: { kernel: this.#name },
    });
  }

  #tooLarge(): LimitExceededError {
    const { maxResultBytes } = this.#call.limits;
    return new LimitExceededError(`${this.#name} emitted more than its ${maxResultBytes} bytes at once`, {
      remedy: "Emit less at a time, or raise maxResultBytes.",
      data: { kernel: this.#name, limit: "maxResultBytes", maxResultBytes },
    });
  }

  #tooMuch(limit: "maxNested" | "maxArgumentBytes", what: string): LimitExceededError {
    const most = this.#call.limits[limit];
    return new LimitExceededError(`${this.#name} ${what} ${most}`, {
      remedy: `Get or free refs before it makes more, or raise ${limit}.`,
      data: { kernel: this.#name, limit, [limit]: most },
    });
  }

  #get(ref: number): Uint8Array {
    this.#deps.post({ kind: "get", ref: this.#known(ref) });
    const reply = this.#deps.meter.await(this.#deps.receive);
    if (reply.kind === "value") return reply.value;
    throw reply.kind === "failed" ? nestedFailure(this.#name, fromWireError(reply.error)) : unexpected(reply);
  }

  #wait(refs: number[], numReturns: number, timeoutMs: number): number[] {
    const isDistinct = new Set(refs).size === refs.length;
    if (!isDistinct || !Number.isInteger(numReturns) || numReturns < 1 || numReturns > refs.length) {
      throw new TaskError(
        `${this.#name}: wait takes distinct refs and a number from 1 to theirs, and was given ${numReturns} of ${refs.length}`,
      );
    }
    for (const ref of refs) this.#known(ref);
    this.#deps.post({ kind: "wait", refs, numReturns, timeoutMs: timeoutMs >= 0 ? timeoutMs : undefined });
    const reply = this.#deps.meter.await(this.#deps.receive);
    if (reply.kind === "ready") return reply.refs;
    throw reply.kind === "failed" ? fromWireError(reply.error) : unexpected(reply);
  }

  #known(ref: number): number {
    if (this.#heldBytes.has(ref)) return ref;
    throw new TaskError(`${this.#name}: ${ref} is no ref of this task`);
  }
}

/** An integer as it crosses: a bigint when its type has 64 bits. */
const integer = (value: bigint, bits: number, isSigned: number) =>
  bits === 64 ? (isSigned ? value : BigInt.asUintN(64, value)) : Number(value);

const isLarge = (item: Encoded): item is Uint8Array =>
  typeof item !== "number" && item.byteLength > inlineBytes;

/** The same in memory that the host can keep. */
function shared(value: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(value.byteLength));
  copy.set(value);
  return copy;
}

/** The error of a task whose `get` failed: the same, with the task's name added to its chain. */
function nestedFailure(name: string, error: Error): Error {
  if (!(error instanceof WrayError)) return error;
  const chain = (error.data.chain as string[] | undefined) ?? [];
  error.data.chain = [...chain, name];
  return error;
}

const unexpected = ({ kind }: NestedReply) =>
  new TaskError(`the host answered with ${kind}, which was not asked for`);
