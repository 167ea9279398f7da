import { decode, Encoder, ExtData, type ExtensionCodecType } from "@msgpack/msgpack";
import { cannotCross } from "./cannot-cross.ts";
import { checkClaims } from "./check-claims.ts";
import { ProtocolError } from "./errors.ts";
import { isTable } from "./table.ts";
import { Tensor } from "./tensor.ts";

// Arrays and plain objects as MessagePack. What it has no format for, or would change, is an encoded value of its own
// in an extension: bigints, binary, -0, half a surrogate pair, and an array of numbers, which is faster as one block.
// A ref is an extension, too, with its id.

type Bytes = Uint8Array<ArrayBuffer>;

/** Tells which objects are refs of others. */
export type RefIds = {
  /** The id of the object that this is a ref of; undefined when it is none. */
  idOf(value: object): string | undefined;
};

/** Makes refs again. */
export type RefsById = { refOf(id: string): unknown };

const valueExtension = 1;
/** The id of an object, in UTF-8. */
const refExtension = 2;

/** Levels of arrays and objects; enough for every type of a kernel, and a bound for what contains itself. */
const mostLevels = 100;

const loneSurrogate = /\p{Surrogate}/u;

const extensions = (
  decodeInner: (bytes: Uint8Array) => unknown,
  refs: RefsById | undefined,
): ExtensionCodecType<undefined> => ({
  tryToEncode: (value) => (value instanceof ExtData ? value : null),
  decode(bytes, type) {
    if (type === valueExtension) return decodeInner(bytes);
    if (type !== refExtension) throw new RangeError("an extension is none of ours");
    if (refs !== undefined) return refs.refOf(idOf(bytes));
    throw new ProtocolError(
      `a ref of another object, ${idOf(bytes)}, is inside of a value that may hold none`,
      {
        remedy: "Pass the ref as an argument of its own, or the value that it stands for.",
      },
    );
  },
});

const idOf = (bytes: Uint8Array) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);

const encoder = new Encoder({
  extensionCodec: extensions(() => undefined, undefined),
  // One for `mostLevels` itself, and one for what it holds.
  maxDepth: mostLevels + 2,
});

/**
 * @param encodeInner encodes what MessagePack can't hold
 * @throws InvalidTaskError for a value that can't cross
 */
export function encodeStructure(
  value: object,
  encodeInner: (value: unknown) => Bytes,
  refs: RefIds | undefined,
): Uint8Array {
  const extension = (inner: unknown) => new ExtData(valueExtension, encodeInner(inner));

  /** The same value made of what the encoder of MessagePack keeps. */
  function prepared(inner: unknown, level: number): unknown {
    switch (typeof inner) {
      case "undefined":
        return null;
      case "number":
        return Object.is(inner, -0) ? extension(inner) : inner;
      case "string":
        return loneSurrogate.test(inner) ? extension(inner) : inner;
      case "boolean":
        return inner;
      case "object":
        if (inner === null) return null;
        if (level > mostLevels) throw cannotCross(`an object of more than ${mostLevels} levels`);
        if (inner instanceof ArrayBuffer || ArrayBuffer.isView(inner) || inner instanceof Tensor) {
          return extension(inner);
        }
        return Array.isArray(inner) ? preparedArray(inner, level) : preparedObject(inner, level);
      default:
        return extension(inner);
    }
  }

  function preparedArray(list: unknown[], level: number): unknown {
    let numberCount = 0;
    for (let index = 0; index < list.length; index++) {
      if (typeof list[index] !== "number") break;
      numberCount++;
    }
    if (numberCount > 0 && numberCount === list.length) return extension(list);
    // Not `map`, which leaves holes where there are some.
    return Array.from(list, (item) => prepared(item, level + 1));
  }

  function preparedObject(object: object, level: number): unknown {
    const prototype = Object.getPrototypeOf(object);
    if (prototype !== Object.prototype && prototype !== null) {
      const id = refs?.idOf(object);
      if (id !== undefined) return new ExtData(refExtension, new TextEncoder().encode(id));
      if (isTable(object)) throw cannotCross("an Arrow table inside of another value");
      throw cannotCross(`an instance of ${prototype.constructor?.name ?? "a class"}`);
    }
    const copy: Record<string, unknown> = {};
    for (const [key, field] of Object.entries(object)) {
      if (key === "__proto__") throw cannotCross("an object with the key __proto__");
      if (loneSurrogate.test(key)) throw cannotCross("an object with half a character in a key");
      copy[key] = prepared(field, level + 1);
    }
    return copy;
  }

  return encoder.encode(prepared(value, 1));
}

/**
 * @param decodeInner decodes what `encodeInner` has encoded
 * @throws when the bytes are no structure, or claim to be larger than they are
 */
export function decodeStructure(
  payload: Bytes,
  decodeInner: (bytes: Uint8Array) => unknown,
  refs: RefsById | undefined,
): unknown {
  checkClaims(payload);
  return decode(payload, { extensionCodec: extensions(decodeInner, refs) });
}

/**
 * The ids of the refs in a structure, each once.
 * @throws when the bytes are no structure, as far as that is seen
 */
export function listRefIds(payload: Uint8Array): string[] {
  const ids = new Set<string>();
  checkClaims(payload, (type, start, end) => {
    // A copy, since no decoder of text takes shared memory.
    if (type === refExtension) ids.add(idOf(payload.slice(start, end)));
  });
  return [...ids];
}
