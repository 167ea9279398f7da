import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asc } from "../kernels/asc.ts";
import type { TestContext } from "../support/index.ts";

/** Paths of compiled modules. */
export type Compiled = { probe: string; foreign: string; faults: string; faultsDebug: string };

/** Compiles a kernel file with plain `asc` into a temp folder of the test, and returns the path of the module. */
export async function compileTo(
  t: Pick<TestContext, "after">,
  entry: string,
  flags: readonly string[] = [],
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "wray-api-"));
  t.after(() => rm(folder, { recursive: true }));
  const output = join(folder, "module.wasm");
  const { exitCode, stderr } = await asc([entry, "-o", output, ...flags]);
  if (exitCode !== 0) throw new Error(`asc ${entry} ended with ${exitCode}:\n${stderr}`);
  return output;
}

export const compileProbe = (t: Pick<TestContext, "after">): Promise<string> =>
  compileTo(t, "tests/api/fixtures/probe.ts");

export async function compileFixtures(t: Pick<TestContext, "after">): Promise<Compiled> {
  const faults = "tests/api/fixtures/faults.ts";
  // Two at a time, because each takes some 400 MB.
  const [probe, foreign] = await Promise.all([
    compileProbe(t),
    compileTo(t, "tests/api/fixtures/foreign.ts"),
  ]);
  const [optimised, debug] = await Promise.all([
    compileTo(t, faults),
    compileTo(t, faults, ["--target", "debug"]),
  ]);
  return { probe, foreign, faults: optimised, faultsDebug: debug };
}

/** An otherwise empty module with this manifest. */
export function moduleWith(manifest: string | object): Uint8Array {
  const bytes = (text: string) => [...new TextEncoder().encode(text)];
  const name = bytes("wray.manifest");
  const body = [
    name.length,
    ...name,
    ...bytes(typeof manifest === "string" ? manifest : JSON.stringify(manifest)),
  ];
  return Uint8Array.from([...emptyModule, 0, ...leb128(body.length), ...body]);
}

/** The smallest WebAssembly module: its magic number and version. */
export const emptyModule = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);

function leb128(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb128(value >>> 7)];
}

/** The same module under another hash, so that it has no source map yet. */
export function renewed(module: Uint8Array): Uint8Array {
  const name = [...new TextEncoder().encode(randomUUID())];
  return Uint8Array.from([...module, 0, name.length + 1, name.length, ...name]);
}
