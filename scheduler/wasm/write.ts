import { unsigned } from "./leb128.ts";

const magic = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** A module that has nothing but this custom section. */
export function moduleWith(name: string, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const nameBytes = new TextEncoder().encode(name);
  const head = [...unsigned(nameBytes.length), ...nameBytes];
  return Uint8Array.from([...magic, 0, ...unsigned(head.length + payload.length), ...head, ...payload]);
}
