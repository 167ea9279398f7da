import { close, mkdirSync, openSync, read, unlinkSync, write, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { crc32 } from "../../scheduler/objects/crc32.ts";
import { ObjectLostError, OutOfDiskError } from "../../scheduler/protocol/errors.ts";
import { randomId } from "../../scheduler/protocol/ids.ts";

/** An open file without a name. It is in use by each of its slots, and by each operation on it. */
type SpillFile = { readonly descriptor: number; useCount: number };

/** Where an object's bytes are on disk. */
export type Slot = {
  readonly file: SpillFile;
  readonly offset: number;
  readonly byteLength: number;
  /** One for each piece. */
  readonly checksums: readonly number[];
};

/** What is written or read at once: its checksum takes about 3 ms, for which all else has to wait. */
const pieceBytes = 4 * 1024 * 1024;

const [writeSome, readSome] = [promisify(write), promisify(read)];

/**
 * The files that objects are spilled to. A file loses its name as soon as it is open: whatever becomes of this process,
 * the disk gets its room back, and nobody else can open it. It ends with the last of its slots.
 */
export class SpillFiles {
  readonly #folder: string;
  #bytes = 0;

  /** @param folder where the files are; it is made when it is first needed */
  constructor(folder = tmpdir()) {
    this.#folder = folder;
  }

  /** The bytes of all slots. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Writes these into a new file, one after the other. @throws OutOfDiskError, and then nothing is left of the file */
  async write(list: readonly Uint8Array[]): Promise<Slot[]> {
    const file = this.#open();
    try {
      const slots: Slot[] = [];
      let end = 0;
      for (const bytes of list) {
        const offset = end;
        const checksums: number[] = [];
        for (const piece of piecesOf(bytes)) {
          checksums.push(crc32(piece));
          for (let done = 0; done < piece.byteLength; ) {
            const length = piece.byteLength - done;
            done += (await writeSome(file.descriptor, piece, done, length, end + done)).bytesWritten;
          }
          end += piece.byteLength;
        }
        slots.push({ file, offset, byteLength: bytes.byteLength, checksums });
      }
      return this.#kept(slots);
    } catch (error) {
      throw this.#cannotWrite(error);
    } finally {
      endUse(file);
    }
  }

  /** The same for who can't wait. */
  writeSync(list: readonly Uint8Array[]): Slot[] {
    const file = this.#open();
    try {
      const slots: Slot[] = [];
      let offset = 0;
      for (const bytes of list) {
        for (let done = 0; done < bytes.byteLength; ) {
          done += writeSync(file.descriptor, bytes, done, bytes.byteLength - done, offset + done);
        }
        slots.push({
          file,
          offset,
          byteLength: bytes.byteLength,
          checksums: [...piecesOf(bytes)].map((piece) => crc32(piece)),
        });
        offset += bytes.byteLength;
      }
      return this.#kept(slots);
    } catch (error) {
      throw this.#cannotWrite(error);
    } finally {
      endUse(file);
    }
  }

  /** Reads what a slot has to the begin of this memory. @throws ObjectLostError when it is not what was written */
  async read({ file, offset, byteLength, checksums }: Slot, memory: Uint8Array): Promise<void> {
    file.useCount++;
    try {
      let start = offset;
      for (const [index, piece] of [...piecesOf(memory.subarray(0, byteLength))].entries()) {
        for (let done = 0; done < piece.byteLength; ) {
          const length = piece.byteLength - done;
          const { bytesRead } = await readSome(file.descriptor, piece, done, length, start + done);
          if (bytesRead === 0) throw new RangeError("the file is too short");
          done += bytesRead;
        }
        if (crc32(piece) !== checksums[index]) throw new RangeError("its checksum is wrong");
        start += piece.byteLength;
      }
    } catch (cause) {
      throw new ObjectLostError(`an object of ${byteLength} bytes can't be restored: ${reasonOf(cause)}`, {
        remedy: "Run the task that made it again, or put the value again; and look at the disk.",
        data: { bytes: byteLength, folder: this.#folder },
        cause,
      });
    } finally {
      endUse(file);
    }
  }

  /** Ends a slot, and with the last of them its file. */
  discard({ file, byteLength }: Slot): void {
    this.#bytes -= byteLength;
    endUse(file);
  }

  #open(): SpillFile {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      const path = join(this.#folder, `wray-spill-${process.pid}-${randomId()}`);
      const descriptor = openSync(path, "wx+", 0o600);
      unlinkSync(path);
      return { descriptor, useCount: 1 };
    } catch (error) {
      throw this.#cannotWrite(error);
    }
  }

  #kept(slots: Slot[]): Slot[] {
    for (const { file, byteLength } of slots) {
      file.useCount++;
      this.#bytes += byteLength;
    }
    return slots;
  }

  #cannotWrite(cause: unknown): OutOfDiskError {
    return new OutOfDiskError(`objects can't be spilled to ${this.#folder}: ${reasonOf(cause)}`, {
      remedy: "Make room there, choose another folder by spillFolder, or free refs that are not needed.",
      data: { folder: this.#folder, spilledBytes: this.#bytes },
      cause,
    });
  }
}

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += pieceBytes) {
    yield bytes.subarray(start, start + pieceBytes);
  }
}

/** A descriptor without uses is closed. That can't fail in a way that would matter: nobody needs what is in it. */
function endUse(file: SpillFile): void {
  if (--file.useCount === 0) close(file.descriptor, () => {});
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
