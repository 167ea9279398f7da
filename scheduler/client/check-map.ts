import { checkArg, checkArgCount } from "../manifest/check.ts";
import { describeSignature, describeType, describeValue } from "../manifest/describe.ts";
import { arrayOf, fits } from "../protocol/array-of.ts";
import { InvalidTaskError } from "../protocol/errors.ts";
import { isScalarType, type KernelSignature, type ScalarType } from "../protocol/manifest.ts";
import { typedArrayNameOf } from "../protocol/tensor.ts";

/**
 * Checks the arguments of a map.
 * @returns how many calls it has, and the class of its result
 * @throws InvalidTaskError that names what is wrong
 */
export function checkMap(kernel: string, signature: KernelSignature, args: readonly unknown[]) {
  const { params, returns } = signature;
  const odd = params.find(({ type }) => !isScalarType(type));
  if (odd !== undefined || !isScalarType(returns)) {
    const what = odd === undefined ? "it returns none" : `its parameter ${odd.name} is none`;
    throw new InvalidTaskError(
      `${kernel} can't be mapped, because ${what} of the numbers, bigints and booleans that a typed array holds`,
      { remedy: "Call remote() for each, or give the kernel the whole array.", data: { kernel } },
    );
  }
  const call = {
    remedy: `Call it as ${describeSignature(kernel, params)}, with arrays in place of scalars.`,
  };
  if (args.length !== params.length)
    checkArgCount(kernel, { ...signature, params: params.map(required) }, args.length);
  let counted: { name: string; count: number } | undefined;
  for (const [index, arg] of args.entries()) {
    const { name, type } = params[index]!;
    const arrayName = ArrayBuffer.isView(arg) ? typedArrayNameOf(arg) : undefined;
    if (arrayName === undefined) {
      checkArg(kernel, { ...signature, params: params.map(required) }, index, arg, {});
      continue;
    }
    if (!fits(arrayName, type as ScalarType)) {
      throw new InvalidTaskError(
        `${kernel}: the elements of parameter ${name} must be ${describeType(type)}, but it is ${describeValue(arg)}`,
        {
          remedy: `Pass a ${arrayOf(type as ScalarType)}.`,
          data: { kernel, parameter: name, expected: arrayOf(type as ScalarType) },
        },
      );
    }
    const count = (arg as Uint8Array).length;
    if (counted !== undefined && counted.count !== count) {
      throw new InvalidTaskError(
        `${kernel}: the arrays of a map must have as many elements each, but ${counted.name} has ${counted.count} and ${name} has ${count}`,
        { data: { kernel, parameter: name, expected: counted.count, actual: count } },
      );
    }
    counted = { name, count };
  }
  if (counted === undefined) {
    throw new InvalidTaskError(`${kernel}: map needs at least one typed array`, {
      ...call,
      data: { kernel },
    });
  }
  return { count: counted.count, ResultArray: globalThis[arrayOf(returns)] };
}

/** Each call of a map has all arguments. */
const required = ({ name, type }: KernelSignature["params"][number]) => ({ name, type });
