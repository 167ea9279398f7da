import zlib from "node:zlib";

/** The CRC-32 of zlib and PNG, reflected, of bytes. */
export const crc32: (bytes: Uint8Array) => number = zlib.crc32 ?? slowCrc32;

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0);
  return remainder;
});

/** The same without zlib, which has it since Node 20.15. */
export function slowCrc32(bytes: Uint8Array): number {
  let remainder = 0xffffffff;
  for (const byte of bytes) remainder = table[(remainder ^ byte) & 0xff]! ^ (remainder >>> 8);
  return ~remainder >>> 0;
}
