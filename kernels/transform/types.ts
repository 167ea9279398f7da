import {
  type ClassLayout,
  isScalarType,
  isTypedArrayName,
  type Type,
  typeName,
} from "../../scheduler/protocol/manifest.ts";
import { uniqueClassName } from "./class-name.ts";
import { type Class, type Type as CompilerType, flags } from "./compiler.ts";
import { isObstacle, type Obstacle, obstacleOfClass, obstacleOfValue, shownName } from "./obstacle.ts";

const arrayPrefix = "~lib/array/Array<";
const staticArrayPrefix = "~lib/staticarray/StaticArray<";
const typedArrayPrefix = "~lib/typedarray/";

const builtinTypes: Record<string, Type> = {
  "~lib/string/String": "string",
  "~lib/arraybuffer/ArrayBuffer": "ArrayBuffer",
  // AssemblyScript's names for what JavaScript calls otherwise.
  "~lib/typedarray/Int64Array": "BigInt64Array",
  "~lib/typedarray/Uint64Array": "BigUint64Array",
};

function builtinType(internalName: string): Type | undefined {
  if (builtinTypes[internalName] !== undefined) return builtinTypes[internalName];
  const name = internalName.slice(typedArrayPrefix.length);
  return internalName.startsWith(typedArrayPrefix) && isTypedArrayName(name) ? name : undefined;
}

/** The types that a module's values have outside, with all that a host must know to put one into memory. */
export class TypeTable {
  readonly classes: Record<string, ClassLayout> = {};
  readonly runtimeIds: Record<string, number> = {};
  readonly #names = new Map<Class, string>();
  readonly #obstacles = new Map<Class, Obstacle>();

  /** What a compiler's type is in the manifest, or why no value of it can leave the sandbox. */
  crossing(type: CompilerType): Type | Obstacle {
    if (type.toString() === "void") return "void";
    return this.#value(type);
  }

  /** Notes the class id of a type that every module has, whether its kernels use it or not. */
  add(type: Type, id: number): void {
    this.runtimeIds[typeName(type)] = id;
  }

  #value(type: CompilerType): Type | Obstacle {
    const name = type.toString();
    if (isScalarType(name)) return name;
    const obstacle = obstacleOfValue(type);
    if (obstacle !== undefined) return obstacle;
    const reference = this.#reference(type.getClass()!);
    if (isObstacle(reference) || !type.isNullableReference) return reference;
    return { nullable: reference };
  }

  #reference(reference: Class): Type | Obstacle {
    const type = builtinType(reference.internalName) ?? this.#container(reference) ?? this.#object(reference);
    if (!isObstacle(type)) this.add(type, reference.id);
    return type;
  }

  #container({ internalName, typeArguments }: Class): Type | Obstacle | undefined {
    const isArray = internalName.startsWith(arrayPrefix);
    if (!isArray && !internalName.startsWith(staticArrayPrefix)) return undefined;
    const element = this.#value(typeArguments![0]!);
    if (isObstacle(element)) return { ...element, steps: `[]${element.steps}` };
    return isArray ? { array: element } : { staticArray: element };
  }

  #object(reference: Class): { object: string } | Obstacle {
    const known = this.#names.get(reference);
    if (known !== undefined) return this.#obstacles.get(reference) ?? { object: known };
    // Before its fields, which may be of this class again.
    const name = uniqueClassName(reference, new Set(this.#names.values()));
    this.#names.set(reference, name);
    const layout = this.#layout(reference);
    if (isObstacle(layout)) this.#obstacles.set(reference, layout);
    else this.classes[name] = layout;
    return isObstacle(layout) ? layout : { object: name };
  }

  #layout(reference: Class): ClassLayout | Obstacle {
    const obstacle = obstacleOfClass(reference);
    if (obstacle !== undefined) return obstacle;
    const owner = shownName(reference.name);
    const fields: ClassLayout["fields"] = [];
    for (const member of reference.members?.values() ?? []) {
      const { name, instance } = member;
      if (!member.fieldDeclaration || !instance || instance.memoryOffset < 0) continue;
      const steps = `.${name}`;
      for (const access of ["private", "protected"] as const) {
        if (!member.is(flags[access])) continue;
        return {
          ...{ owner, steps, reason: `a ${access} field cannot cross` },
          remedy: "Make it public, or pass an object of a class without it.",
        };
      }
      if (name === "__proto__") {
        return { owner, steps, reason: "JavaScript sets no field of this name", remedy: "Rename it." };
      }
      const type = this.#value(instance.type);
      if (isObstacle(type)) return { ...type, owner, steps: `${steps}${type.steps}` };
      fields.push({ name, type, offset: instance.memoryOffset });
    }
    fields.sort((a, b) => a.offset - b.offset);
    return { bytes: reference.nextMemoryOffset, fields };
  }
}
