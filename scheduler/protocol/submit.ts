import { Encoder } from "@msgpack/msgpack";
import { decodeMessagePack, grantShape, limitShapes } from "./codec.ts";
import { InvalidTaskError, ProtocolError, type WireError } from "./errors.ts";
import { type Capability, type Limits, limitNames } from "./limits.ts";
import { anything, listOf, object, record, shortText } from "./shape.ts";
import { protocolVersion } from "./subjects.ts";

/** The format of a request on `submit`; its reply has the same. */
export type Format = "json" | "msgpack";

/** A task as any NATS client writes it. */
export type SubmitRequest = Partial<Limits> & {
  /** `module/function` */
  kernel: string;
  /** Plain values; see `fromPlain`. */
  args: unknown[];
  id?: string;
  grant?: Capability[];
  seed?: string;
};

export type SubmitReply = { v: number; host: string; id?: string } & (
  | { value: unknown }
  | { error: WireError }
);

/** The most that a request may have; larger values are for clients with objects. */
export const maxSubmitBytes = 1024 * 1024;

/** What a task may have, by name. */
export const submitFields = ["v", "kernel", "args", "id", "grant", "seed", ...limitNames];
/** The fields of a task by their shapes, those that it must have and those that it may. */
export const requiredShapes = { kernel: shortText, args: listOf(anything) };
export const optionalShapes = { id: shortText, grant: grantShape, seed: shortText, ...limitShapes };
const request = object(requiredShapes, optionalShapes);

/** A MessagePack map begins with a byte that no text begins with. What is neither is answered in JSON. */
export const formatOf = (payload: Uint8Array): Format => ((payload[0] ?? 0) < 0x80 ? "json" : "msgpack");

/**
 * Reads a request.
 * @throws ProtocolError when it is malformed, too large or of another version of the protocol
 * @throws InvalidTaskError when it has a field that does not exist
 */
export function parseSubmit(payload: Uint8Array, format: Format): SubmitRequest {
  return request(readTask(payload, format, submitFields), "task");
}

/** The fields of a request, of which only the version, the limits and the names are checked. */
export function readTask(payload: Uint8Array, format: Format, fields: readonly string[]): object {
  if (payload.byteLength > maxSubmitBytes) {
    throw new ProtocolError(`the task has ${payload.byteLength} bytes; the limit is ${maxSubmitBytes}`, {
      remedy: "Put large values with the TypeScript client, which sends them in chunks.",
    });
  }
  const input = record(
    format === "json" ? parseJson(payload) : decodeMessagePack(payload, { useBigInt64: true }),
    "task",
  );
  const v = toNumber(input.v ?? protocolVersion);
  if (v !== protocolVersion) {
    const shown = typeof v === "object" ? "of that kind" : JSON.stringify(v).slice(0, 40);
    throw new ProtocolError(`protocol version ${shown} is unknown`, {
      remedy: `This host speaks version ${protocolVersion}: say "v": ${protocolVersion}, or leave it out.`,
      data: { supported: [protocolVersion] },
    });
  }
  const unknown = Object.keys(input).filter((name) => !fields.includes(name));
  if (unknown.length > 0) {
    throw new InvalidTaskError(`the task has the unknown field ${unknown.join(", ").slice(0, 200)}`, {
      remedy: `A task has ${fields.join(", ")}.`,
    });
  }
  const limits = Object.fromEntries(limitNames.map((name) => [name, toNumber(input[name])]));
  return { ...input, ...limits };
}

/** Some encoders of MessagePack write each integer with 64 bits. */
export const toNumber = (value: unknown) => (typeof value === "bigint" ? Number(value) : value);

const encoder = new Encoder({ ignoreUndefined: true, useBigInt64: true });

/** A reply in the format of its request. */
export const encodeReply = (reply: SubmitReply, format: Format): Uint8Array<ArrayBuffer> =>
  encodePlain(reply, format);

/** A map of plain data in a format. */
export const encodePlain = (map: object, format: Format): Uint8Array<ArrayBuffer> =>
  format === "json" ? new TextEncoder().encode(JSON.stringify(map)) : encoder.encode(map);

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch (error) {
    throw new ProtocolError(`malformed JSON: ${(error as Error).message}`, {
      remedy: 'Send {"kernel":"math/add","args":[1,2]}.',
    });
  }
}
