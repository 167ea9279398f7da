/** The text of a worker's bundle; see `inlineWorker` in scripts/build.mjs. */
declare module "worker:*" {
  const source: string;
  export default source;
}

/** The bytes of a compiled module. */
declare module "*.wasm" {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}

/** The source map of a compiled module, without the text of the sources; see `compileKernels` in scripts/build.mjs. */
declare module "*.wasm.map" {
  const json: string;
  export default json;
}
