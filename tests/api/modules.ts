import { randomUUID } from "node:crypto";
import { compileOnce } from "../kernels/asc.ts";

/** Paths of compiled modules. */
export type Compiled = { probe: string; foreign: string; faults: string; faultsDebug: string };

/** Compiles the kernels that the tests of every client call. */
export async function compileFixtures(): Promise<Compiled> {
  const faults = "tests/api/fixtures/faults.ts";
  // Two at a time, because each takes some 400 MB.
  const [probe, foreign] = await Promise.all([compileProbe(), compileOnce("tests/api/fixtures/foreign.ts")]);
  const [optimised, debug] = await Promise.all([
    compileOnce(faults),
    compileOnce(faults, ["--target", "debug"]),
  ]);
  return { probe, foreign, faults: optimised, faultsDebug: debug };
}

export const compileProbe = (): Promise<string> => compileOnce("tests/api/fixtures/probe.ts");

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
