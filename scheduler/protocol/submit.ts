import { Encoder } from "@msgpack/msgpack";
import { decodeMessagePack } from "./codec.ts";
import { InvalidTaskError, ProtocolError, type WireError } from "./errors.ts";
import { anything, count, listOf, object, record, text } from "./shape.ts";
import { protocolVersion } from "./subjects.ts";

/** The format of a request on `submit`; its reply has the same. */
export type Format = "json" | "msgpack";

/** A task as any NATS client writes it. */
export type SubmitRequest = {
  /** `module/function` */
  kernel: string;
  /** Plain values; see `fromPlain`. */
  args: unknown[];
  id?: string;
  timeoutMs?: number;
};

export type SubmitReply = { v: number; host: string; id?: string } & (
  | { value: unknown }
  | { error: WireError }
);

/** The most that a request may have; larger values are for clients with objects. */
export const maxSubmitBytes = 1024 * 1024;

const fields = ["v", "kernel", "args", "id", "timeoutMs"];
const request = object({ kernel: text, args: listOf(anything) }, { id: text, timeoutMs: count });

/** JSON begins with `{` or white space, a MessagePack map with anything else. */
export function formatOf(payload: Uint8Array): Format {
  const first = payload[0];
  return first === undefined || first === 0x7b || first === 0x20 || (first >= 0x09 && first <= 0x0d)
    ? "json"
    : "msgpack";
}

/**
 * Reads a request.
 * @throws ProtocolError when it is malformed, too large or of another version of the protocol
 * @throws InvalidTaskError when it has a field that does not exist
 */
export function parseSubmit(payload: Uint8Array, format: Format): SubmitRequest {
  if (payload.byteLength > maxSubmitBytes) {
    throw new ProtocolError(`the task has ${payload.byteLength} bytes; the limit is ${maxSubmitBytes}`, {
      remedy: "Put large values with the TypeScript client, which sends them in chunks.",
    });
  }
  const input = record(format === "json" ? parseJson(payload) : decodeMessagePack(payload), "task");
  const { v = protocolVersion } = input;
  if (v !== protocolVersion) {
    throw new ProtocolError(`protocol version ${JSON.stringify(v)} is unknown`, {
      remedy: `This host speaks version ${protocolVersion}: say "v": ${protocolVersion}, or leave it out.`,
      data: { supported: [protocolVersion] },
    });
  }
  const unknown = Object.keys(input).filter((name) => !fields.includes(name));
  if (unknown.length > 0) {
    throw new InvalidTaskError(`the task has the unknown field ${unknown.join(", ")}`, {
      remedy: `A task has ${fields.join(", ")}.`,
    });
  }
  return request(input, "task");
}

const encoder = new Encoder({ ignoreUndefined: true, useBigInt64: true });

/** A reply in the format of its request. */
export const encodeReply = (reply: SubmitReply, format: Format): Uint8Array<ArrayBuffer> =>
  format === "json" ? new TextEncoder().encode(JSON.stringify(reply)) : encoder.encode(reply);

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
  } catch (error) {
    throw new ProtocolError(`malformed JSON: ${(error as Error).message}`, {
      remedy: 'Send {"kernel":"math/add","args":[1,2]}.',
    });
  }
}
