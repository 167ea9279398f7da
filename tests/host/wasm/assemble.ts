import wabtInit from "wabt";

const wabt = await wabtInit();

/** What Node 20 accepts without a flag. */
const features = {
  exceptions: true,
  mutable_globals: true,
  sat_float_to_int: true,
  sign_extension: true,
  simd: true,
  threads: true,
  multi_value: true,
  tail_call: true,
  bulk_memory: true,
  reference_types: true,
  memory64: true,
};

/** Assembles a module from its text, with the names in it, and checks nothing that the text itself does not need. */
export function assemble(text: string): Uint8Array<ArrayBuffer> {
  const module = wabt.parseWat("test.wat", text, features);
  try {
    return Uint8Array.from(module.toBinary({ write_debug_names: true }).buffer);
  } finally {
    module.destroy();
  }
}
