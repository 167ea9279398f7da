import { toWireError } from "../../scheduler/protocol/errors.ts";
import { readProgram, wireProgram } from "../../scheduler/wgsl/program.ts";
import { mostBytesPerMessage } from "../wire/byte-file.ts";
import type { Channel, Take } from "../wire/channel.ts";
import type { FromChild, Id, Operation, TaskOperation, ToChild } from "../wire/messages.ts";
import { Buffers } from "./buffers.ts";
import { DeviceMemory } from "./memory.ts";
import { Pipelines } from "./pipelines.ts";
import { Readback } from "./readback.ts";
import { type Part, Recorder } from "./recorder.ts";
import { Uploads } from "./uploads.ts";

type Unfinished = { id: Id; tasks: Id[]; errors: Map<Id, Error> };

/** Does on a device what the parent says, in order. */
export class Session {
  readonly #device: GPUDevice;
  readonly #channel: Pick<Channel, "send">;
  readonly #recorder: Recorder;
  readonly #readback: Readback;
  readonly #buffers: Buffers;
  readonly #pipelines: Pipelines;
  readonly #uploads: Uploads;
  readonly #unfinished = new Set<Unfinished>();

  constructor(device: GPUDevice, memoryBytes: number, channel: Pick<Channel, "send">, submitted: () => void) {
    this.#device = device;
    this.#channel = channel;
    const memory = new DeviceMemory(device, memoryBytes);
    this.#recorder = new Recorder(device, memory, submitted);
    this.#readback = new Readback(device, memory, this.#recorder);
    this.#uploads = new Uploads(device, memory, this.#recorder);
    this.#buffers = new Buffers(device, memory, this.#recorder, this.#readback);
    this.#pipelines = new Pipelines(device);
    // What is checked before should leave none; if one comes all the same, the oldest unfinished tasks are what caused it.
    device.onuncapturederror = ({ error }) => {
      const [batch] = this.#unfinished;
      for (const task of batch?.tasks ?? []) batch?.errors.set(task, new Error(error.message));
    };
  }

  async receive(message: ToChild, take: Take): Promise<void> {
    switch (message.kind) {
      case "program":
        return this.#pipelines.addProgram(message.id, message.name, message.wgsl);
      case "pipeline":
        return this.#pipelines.add(message);
      case "forget":
        return this.#pipelines.forget(message.program, message.pipelines);
      case "compile":
        return this.#compile(message);
      case "write":
        return this.#write(message, take);
      case "batch":
        return this.#batch(message.id, message.operations);
      case "spill":
        await this.#buffers.spill(message.byteLength);
        return this.#send({ kind: "spilled", id: message.id, use: this.#buffers.use });
    }
  }

  #send(message: FromChild, bytes?: Uint8Array): Promise<void> | undefined {
    return this.#channel.send(message, bytes);
  }

  async #compile({ id, name, wgsl }: ToChild & { kind: "compile" }): Promise<void> {
    try {
      await this.#pipelines.check(name, wgsl);
      void this.#send({ kind: "compiled", id, program: wireProgram(readProgram(name, wgsl)) });
    } catch (error) {
      void this.#send({ kind: "compiled", id, error: toWireError(error) });
    }
  }

  async #write({ buffer, byteLength, from }: ToChild & { kind: "write" }, take: Take): Promise<void> {
    const length = Math.min(byteLength - from, mostBytesPerMessage);
    const isLast = from + length === byteLength;
    const upload = this.#uploads.begin(length);
    take(upload.bytes.subarray(0, length));
    try {
      const part =
        from === 0 ? await this.#buffers.make(buffer, byteLength, true) : await this.#buffers.pin(buffer);
      if (from > 0) this.#buffers.unpin(buffer);
      // Up to where a dispatch sees it, so that nothing of a former user is there.
      const end = isLast ? part.byteLength - from : length;
      upload.bytes.fill(0, length, end);
      upload.end(part, from, end);
    } catch (error) {
      upload.drop();
      this.#buffers.fail(buffer, toWireError(error));
    }
  }

  async #batch(id: Id, operations: Operation[]): Promise<void> {
    const tasks = operations.filter((operation) => operation.kind === "task").map((task) => task.id);
    const batch: Unfinished = { id, tasks, errors: new Map() };
    this.#unfinished.add(batch);
    for (const operation of operations) {
      if (operation.kind === "task") await this.#task(operation, batch.errors);
      else if (operation.kind === "free") this.#buffers.free(operation.buffer);
      else await this.#read(operation);
    }
    this.#recorder.submit();
    void this.#finish(batch);
  }

  async #finish(batch: Unfinished): Promise<void> {
    await this.#device.queue.onSubmittedWorkDone();
    this.#unfinished.delete(batch);
    const errors = [...batch.errors].map(([task, error]): [Id, ReturnType<typeof toWireError>] => [
      task,
      toWireError(error),
    ]);
    void this.#send({ kind: "done", id: batch.id, errors });
  }

  async #task({ id, made, copied, steps, freed }: TaskOperation, errors: Map<Id, Error>): Promise<void> {
    const parts = new Map<Id, Part>();
    const pin = async (buffer: Id) => {
      const part = parts.get(buffer) ?? (await this.#buffers.pin(buffer));
      parts.set(buffer, part);
      return part;
    };
    try {
      for (const [, from] of copied) await pin(from);
      for (const [, , , , bindings] of steps) {
        for (const buffer of bindings) {
          if (typeof buffer === "number" && !isNew(buffer, made, copied)) await pin(buffer);
        }
      }
      for (const [buffer, byteLength] of made) {
        await this.#buffers.make(buffer, byteLength);
        await pin(buffer);
      }
      for (const [buffer, from] of copied) {
        const source = parts.get(from)!;
        const { block } = await this.#buffers.make(buffer, source.byteLength, true);
        await pin(buffer);
        this.#recorder.copy(source.block.buffer, block.buffer, 0, 0, source.byteLength);
      }
      for (const [pipeline, x, y, z, bindings] of steps) {
        const compiled = this.#pipelines.get(pipeline) ?? (await this.#pipelines.compile(pipeline));
        const bound = bindings.map((part) => (typeof part === "number" ? parts.get(part)! : part));
        this.#recorder.dispatch(compiled, [x, y, z], bound);
      }
    } catch (error) {
      errors.set(id, error as Error);
    }
    for (const buffer of parts.keys()) this.#buffers.unpin(buffer);
    const error = errors.get(id);
    if (error !== undefined) {
      for (const [buffer] of [...made, ...copied]) this.#buffers.fail(buffer, toWireError(error));
    }
    for (const buffer of freed) this.#buffers.free(buffer);
  }

  /** Returns when it has begun. */
  async #read({ id, buffer, byteLength }: Operation & { kind: "read" }): Promise<void> {
    const failed = (error: unknown) =>
      void this.#send({ kind: "unread", read: id, error: toWireError(error) });
    try {
      const part = await this.#buffers.pin(buffer);
      void this.#readback
        .read(part, (piece, from) => this.#sendPiece(id, piece, from, byteLength))
        .catch(failed)
        .finally(() => this.#buffers.unpin(buffer));
    } catch (error) {
      failed(error);
    }
  }

  /** In messages that fit; without what a value has at its end only because a dispatch sees whole words. */
  #sendPiece(read: Id, piece: Uint8Array, from: number, byteLength: number): Promise<void> | undefined {
    const end = Math.min(piece.byteLength, byteLength - from);
    let last: Promise<void> | undefined;
    for (let at = 0; at < end; at += mostBytesPerMessage) {
      last = this.#send(
        { kind: "part", read, from: from + at },
        piece.subarray(at, Math.min(end, at + mostBytesPerMessage)),
      );
    }
    return last;
  }
}

const isNew = (buffer: Id, made: [Id, number][], copied: [Id, Id][]) =>
  made.some(([id]) => id === buffer) || copied.some(([id]) => id === buffer);
