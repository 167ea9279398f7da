// node shipped-typings.mjs <output> <module.wasm …>
// Writes the TypeScript file that gives the package's types the kernels of the modules that come with wray.
import { readFile, writeFile } from "node:fs/promises";
import { openModule } from "../scheduler/manifest/read.ts";
import { shippedTypings } from "../scheduler/manifest/typings.ts";

const [output, ...modules] = process.argv.slice(2);
const manifests = modules.map(async (path) => (await openModule(await readFile(path), path)).manifest);
await writeFile(output!, shippedTypings(await Promise.all(manifests)));
