import { readFile } from "node:fs/promises";

/** A module that comes with wray, as it was compiled. */
export const readShipped = async (name: string): Promise<Uint8Array<ArrayBuffer>> =>
  Uint8Array.from(await readFile(`dist/std/${name}.wasm`));
