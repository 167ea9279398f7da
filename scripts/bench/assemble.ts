import wabtInit from "wabt";

/** Assembles a module from its text. */
export async function assemble(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const wabt = await wabtInit();
  const module = wabt.parseWat("bench.wat", text);
  try {
    return Uint8Array.from(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}

/**
 * A large module that nobody wrote for wray: the 600 KB of C++ that `wabt` itself is. It carries it in its script, and
 * hands it to the engine, which is where it can be had.
 */
export async function largeModule(): Promise<Uint8Array<ArrayBuffer>> {
  const { instantiate } = WebAssembly;
  let bytes: Uint8Array<ArrayBuffer> | undefined;
  WebAssembly.instantiate = ((source: Uint8Array, imports: WebAssembly.Imports) => {
    bytes = Uint8Array.from(source);
    return instantiate(bytes, imports);
  }) as typeof instantiate;
  try {
    await wabtInit();
  } finally {
    WebAssembly.instantiate = instantiate;
  }
  if (bytes === undefined) throw new Error("wabt has no module of its own any more");
  return bytes;
}
