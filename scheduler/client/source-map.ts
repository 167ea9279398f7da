import { longestSourceMapBytes } from "../control/control.ts";
import { InvalidTaskError } from "../protocol/errors.ts";

/** A source map may be so long with the text of the sources in it, which is most of one that `asc` writes. */
const longestInputBytes = 16 * 1024 * 1024;

/**
 * A source map as the cluster keeps it: without the text of the sources, and without where it stood.
 * @throws InvalidTaskError when it is too long, or no source map
 */
export function slimSourceMap(bytes: Uint8Array): Uint8Array {
  const tooLong = (actual: number, limit: number, what: string) =>
    new InvalidTaskError(`the source map has ${actual} bytes${what}; the limit is ${limit}`, {
      remedy: "Load the module without it: errors then tell the function, and the offset in the module.",
      data: { option: "sourceMap", bytes: actual, limit },
    });
  if (bytes.byteLength > longestInputBytes) throw tooLong(bytes.byteLength, longestInputBytes, "");
  const { version, sources, mappings } = parse(bytes);
  const slim = new TextEncoder().encode(JSON.stringify({ version, sources, names: [], mappings }));
  if (slim.byteLength <= longestSourceMapBytes) return slim;
  throw tooLong(slim.byteLength, longestSourceMapBytes, " without the text of the sources");
}

function parse(bytes: Uint8Array): { version: 3; sources: unknown[]; mappings: string } {
  let cause: unknown;
  try {
    const map = JSON.parse(new TextDecoder().decode(bytes)) ?? {};
    if (map.version === 3 && Array.isArray(map.sources) && typeof map.mappings === "string") return map;
  } catch (error) {
    cause = error;
  }
  throw new InvalidTaskError("option sourceMap is no source map of version 3", {
    remedy: "Give the .wasm.map file that asc wrote beside the module.",
    data: { option: "sourceMap" },
    cause,
  });
}
