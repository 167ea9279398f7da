import { InvalidTaskError } from "./errors.ts";
import { isTypedArrayName, type TypedArrayName } from "./manifest.ts";

export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** How many dimensions a tensor may have. */
export const mostDimensions = 32;

/**
 * A typed array with a shape: its elements in row-major order, so that those of the last dimension lie side by side. A
 * shape of no dimensions is a single element. A kernel that takes the typed array takes the tensor for its data.
 */
export class Tensor<Data extends TypedArray = TypedArray> {
  readonly shape: readonly number[];
  readonly data: Data;

  /**
   * The data is not copied, here; what makes an object or a task of the tensor copies it.
   * @throws InvalidTaskError when the shape is none, or has another number of elements than the data
   */
  constructor(data: Data, shape: readonly number[]) {
    if (typedArrayNameOf(data) === undefined)
      throw new InvalidTaskError("the data of a tensor is a typed array");
    const wrong = findShapeError(shape, data.length);
    if (wrong !== undefined) {
      throw new InvalidTaskError(wrong, {
        remedy: "Pass the typed array, and the size of each dimension; their product is its length.",
        data: { elements: data.length },
      });
    }
    this.data = data;
    this.shape = Object.freeze([...shape]);
    Object.freeze(this);
  }

  /** The name of its typed array: `Float32Array`. */
  get dtype(): TypedArrayName {
    return typedArrayNameOf(this.data)!;
  }
}

/** The name of the typed array that this is. A Node.js Buffer is a Uint8Array under another name. */
export function typedArrayNameOf(value: unknown): TypedArrayName | undefined {
  if (!ArrayBuffer.isView(value)) return undefined;
  const name = value instanceof Uint8Array ? "Uint8Array" : value.constructor.name;
  return isTypedArrayName(name) ? name : undefined;
}

/** Why this is not the shape of so many elements, or undefined. */
export function findShapeError(shape: unknown, elementCount: number): string | undefined {
  if (!Array.isArray(shape)) return "the shape of a tensor is an array";
  if (shape.length > mostDimensions) {
    return `a tensor has at most ${mostDimensions} dimensions, and this has ${shape.length}`;
  }
  const odd = shape.find((size) => !Number.isSafeInteger(size) || size < 0);
  if (odd !== undefined) return `${String(odd)} is not the size of a dimension`;
  // Without a zero, a product past 2^53 is wrong, but still greater than any length.
  const product = shape.includes(0) ? 0 : shape.reduce((sofar, size) => sofar * size, 1);
  if (product === elementCount) return undefined;
  return `a tensor of ${shape.join(" × ") || "no dimensions"} has ${product} elements, and its data has ${elementCount}`;
}
