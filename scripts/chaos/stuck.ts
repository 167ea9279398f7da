/**
 * A module with the kernel `stuck/spin`, which never ends, and asks to be left without the checks that could stop it. So
 * whoever cancels it makes its host end the whole thread.
 */
export function stuckModule(): Uint8Array {
  const manifest = {
    version: 1,
    module: "stuck",
    kernels: [{ name: "spin", params: [], returns: "void", file: "", line: 0 }],
    classes: {},
    runtimeIds: {},
    preempt: false,
  };
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [1, 0x60, 0, 0]), // The type () → ().
    ...section(3, [1, 0]), // One function, of that type.
    ...section(7, [1, ...text("spin"), 0x00, 0]), // Exported.
    ...section(10, [1, 7, 0, 0x03, 0x40, 0x0c, 0, 0x0b, 0x0b]), // loop br 0 end end
    ...section(0, [...text("wray.manifest"), ...bytes(JSON.stringify(manifest))]),
  ]);
}

const section = (id: number, content: number[]) => [id, ...leb128(content.length), ...content];
const bytes = (text: string) => [...new TextEncoder().encode(text)];
const text = (text: string) => [...leb128(bytes(text).length), ...bytes(text)];
const leb128 = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb128(value >>> 7)];
