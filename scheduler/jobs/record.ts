import { decodeMessagePack, wireError } from "../protocol/codec.ts";
import type { WireError } from "../protocol/errors.ts";
import { anything, bytes, count, finite, object, oneOf, text } from "../protocol/shape.ts";
import { encodePlain, type Format, formatOf, toNumber } from "../protocol/submit.ts";

/** What has become of a job, as the bucket of results keeps it under its id. */
export type JobRecord = {
  v: number;
  id: string;
  /** `retrying` is the only one that is not the last. */
  state: "done" | "failed" | "cancelled" | "retrying";
  /** `module/function`, as the job has it. */
  kernel?: string;
  /** Who ran it last. */
  host?: string;
  /** How often it was run. */
  attempts?: number;
  /** How many deliveries were no attempts, since the host had to leave. */
  excused?: number;
  /** When it was written, in ms since 1970. */
  atMs: number;
  /** The result as plain data, of a job with `args`. */
  value?: unknown;
  /** The result encoded, of a job with `values`. */
  encoded?: Uint8Array;
  error?: WireError;
};

const record = object(
  { v: count, id: text, state: oneOf("done", "failed", "cancelled", "retrying"), atMs: finite },
  {
    ...{ kernel: text, host: text, attempts: count, excused: count },
    ...{ value: anything, encoded: bytes, error: wireError },
  },
);

export const isFinal = ({ state }: JobRecord): boolean => state !== "retrying";

/** A record in the format of its job, so that who wrote that can read this. */
export const encodeRecord = (record: JobRecord, format: Format): Uint8Array => encodePlain(record, format);

/** Undefined for what is none: anyone can write to the bucket. */
export function decodeRecord(payload: Uint8Array): JobRecord | undefined {
  try {
    const isJson = formatOf(payload) === "json";
    const plain = isJson
      ? JSON.parse(new TextDecoder().decode(payload))
      : numbered(decodeMessagePack(payload, { useBigInt64: true }));
    return record(plain, "record");
  } catch {
    return undefined;
  }
}

/** Counts and times that were written with 64 bits. */
function numbered(decoded: unknown): unknown {
  if (typeof decoded !== "object" || decoded === null) return decoded;
  return Object.fromEntries(
    Object.entries(decoded).map(([name, value]) => [name, name === "value" ? value : toNumber(value)]),
  );
}
