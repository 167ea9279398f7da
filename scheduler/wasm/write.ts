import { unsigned } from "./leb128.ts";
import { parseModule } from "./parse.ts";

const magic = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);

/** A module that has nothing but this custom section. */
export const moduleWith = (name: string, payload: Uint8Array): Uint8Array<ArrayBuffer> =>
  concat([magic, ...customSection(name, payload)]);

/** A module with this custom section, in the place of those of its name. @throws ModuleRejectedError when it is broken */
export function withCustomSection(
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
  payload: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const section of parseModule(bytes).customs.filter((each) => each.name === name)) {
    parts.push(bytes.subarray(from, section.at));
    from = section.end;
  }
  return concat([...parts, bytes.subarray(from), ...customSection(name, payload)]);
}

function customSection(name: string, payload: Uint8Array): Uint8Array[] {
  const nameBytes = new TextEncoder().encode(name);
  const head = [...unsigned(nameBytes.length), ...nameBytes];
  return [Uint8Array.from([0, ...unsigned(head.length + payload.length), ...head]), payload];
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
