import {
  isScalarType,
  isTypedArrayName,
  type KernelSignature,
  type Manifest,
  withoutNull,
} from "../protocol/manifest.ts";

/** Whether formulas of a kernel may ask for it: the length of an array, a number, or a number of an object. */
export function isKnownIn(
  { params }: KernelSignature,
  { classes }: Pick<Manifest, "classes">,
): (name: string, member: string | undefined) => boolean {
  return (name, member) => {
    const param = params.find((each) => each.name === name);
    if (param === undefined) return false;
    const type = withoutNull(param.type);
    if (isTypedArrayName(type) || (typeof type === "object" && !("object" in type)))
      return member === "length";
    if (typeof type === "string") return member === undefined && isScalarType(type);
    const field = classes[type.object]?.fields.find((each) => each.name === member);
    return field !== undefined && typeof field.type === "string" && isScalarType(field.type);
  };
}
