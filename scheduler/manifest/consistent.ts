import { ProtocolError } from "../protocol/errors.ts";
import {
  elementOf,
  isScalarType,
  type KernelSignature,
  type Manifest,
  maxValueDepth,
  type Type,
  typeName,
  withoutNull,
} from "../protocol/manifest.ts";

/** Bytes that a field takes in memory; references are addresses of 4. */
const fieldBytes = (type: Type): number => {
  if (!isScalarType(type)) return 4;
  return type === "bool" ? 1 : Number(type.slice(1)) / 8;
};

/**
 * Makes sure that a manifest, which anyone may have written, has all that its types need: classes, class ids, fields
 * inside of their objects, and that what actors are called by has one meaning.
 * @throws ProtocolError that names what does not fit
 */
export function checkConsistent(manifest: Manifest): void {
  const { kernels, actors = [], classes, runtimeIds, nested = {} } = manifest;
  const checkType = (type: Type, path: string, levelsLeft = maxValueDepth): void => {
    const due = withoutNull(type);
    if (due === "void" || isScalarType(due)) {
      if (due !== type) throw new ProtocolError(`${path} is nullable, and ${due} is no reference`);
      return;
    }
    if (levelsLeft === 0) throw new ProtocolError(`${path} has a type of more than ${maxValueDepth} levels`);
    if (typeof due === "object" && "nullable" in due) throw new ProtocolError(`${path} is nullable twice`);
    if (runtimeIds[typeName(due)] === undefined) {
      throw new ProtocolError(`runtimeIds has no ${typeName(due)}, which ${path} needs`);
    }
    if (typeof due === "string") return;
    if (!("object" in due)) checkElement(elementOf(due), `${path}[]`, levelsLeft - 1);
    else if (classes[due.object] === undefined) {
      throw new ProtocolError(`classes has no ${due.object}, which ${path} needs`);
    }
  };
  const checkElement = (type: Type, path: string, levelsLeft?: number): void => {
    if (type === "void") throw new ProtocolError(`${path} is void`);
    checkType(type, path, levelsLeft);
  };

  const checkSignature = ({ params, returns }: KernelSignature, path: string): void => {
    for (const param of params) checkElement(param.type, `${path}.${param.name}`);
    checkType(returns, path);
  };

  for (const kernel of kernels) checkSignature(kernel, kernel.name);
  for (const kernel of kernels) checkGpu(kernel, manifest);
  checkNames("actors", actors);
  for (const { name, create, methods } of actors) {
    checkNames(`${name}.methods`, [create, ...methods]);
    for (const called of [create, ...methods]) checkSignature(called, `${name}.${called.name}`);
  }
  for (const [id, type] of Object.entries(nested)) checkElement(type, `nested.${id}`);
  for (const [className, { bytes, fields }] of Object.entries(classes)) {
    for (const { name, type, offset } of fields) {
      const path = `${className}.${name}`;
      checkElement(type, path);
      if (name === "__proto__") throw new ProtocolError(`${path} can't be set`);
      if (offset + fieldBytes(type) > bytes) throw new ProtocolError(`${path} lies outside of its object`);
    }
  }
}

/** A host plans all of them with each call. */
const mostSteps = 1_024;

/** What a kernel says of a GPU has all that it refers to; variants take and return the same. */
function checkGpu(kernel: KernelSignature, { kernels, shaders = {} }: Manifest): void {
  const { name, gpu, variants = {} } = kernel;
  if (gpu !== undefined && "shader" in gpu) {
    if (shaders[gpu.shader] === undefined)
      throw new ProtocolError(`shaders has no ${gpu.shader}, which ${name} needs`);
    if (gpu.steps.length > mostSteps) throw new ProtocolError(`${name} has more than ${mostSteps} steps`);
  }
  for (const [variant, other] of Object.entries(variants)) {
    const found = kernels.find((each) => each.name === other);
    if (found === undefined || typesOf(found) !== typesOf(kernel))
      throw new ProtocolError(`${name}.variants.${variant} has to be a kernel of the same types`);
  }
}

/** Kernels of the same text can stand for each other. */
export const typesOf = ({ params, returns }: KernelSignature): string =>
  `(${params.map(({ type, optional }) => typeName(type) + (optional ? "?" : "")).join(", ")}): ${typeName(returns)}`;

function checkNames(path: string, all: readonly { name: string }[]): void {
  const names = new Set<string>();
  for (const { name } of all) {
    if (names.has(name)) throw new ProtocolError(`${path} has ${name} twice`);
    names.add(name);
  }
}
