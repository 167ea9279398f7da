import { isTypedArrayName } from "../../scheduler/protocol/manifest.ts";
import { EncodedTable } from "../../scheduler/protocol/table.ts";
import { Tensor, type TypedArray } from "../../scheduler/protocol/tensor.ts";
import messages from "./vectors/messages.json" with { type: "json" };
import replies from "./vectors/replies.json" with { type: "json" };
import tasks from "./vectors/tasks.json" with { type: "json" };
import values from "./vectors/values.json" with { type: "json" };

// The golden vectors: bytes in hex, and what they mean. In a meaning, a map with one key that begins with `$` stands
// for what JSON does not have; see `meaning`.
export const vectors = { messages, values, tasks, replies };

export const fromHex = (hex: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** A ref of the object with this id. */
class VectorRef {
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }
}

/** How the codec knows refs. */
export const refs = {
  idOf: (value: object) => (value instanceof VectorRef ? value.id : undefined),
  refOf: (id: string) => new VectorRef(id),
};

/** What a vector's JSON stands for. */
export function meaning(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(meaning);
  if (typeof json !== "object" || json === null) return json;
  const [[key, value] = ["", undefined], ...others] = Object.entries(json);
  if (!key.startsWith("$") || others.length > 0) {
    return Object.fromEntries(Object.entries(json).map(([name, field]) => [name, meaning(field)]));
  }
  const name = key.slice(1);
  if (name === "undefined") return undefined;
  if (name === "number") return Number(value);
  if (name === "bigint") return BigInt(value);
  if (name === "binary") return fromHex(value);
  if (name === "ArrayBuffer") return fromHex(value).buffer;
  if (name === "Tensor") return new Tensor(meaning(value.data) as TypedArray, value.shape);
  if (name === "table") return new EncodedTable([fromHex(value)]);
  if (name === "ref") return new VectorRef(value);
  if (!isTypedArrayName(name)) throw new Error(`no meaning of ${key}`);
  const element = name.startsWith("Big") ? BigInt : Number;
  return new globalThis[name](value.map((item: string | number) => element(item)));
}
