import {
  type ActorSignature,
  isTypedArrayName,
  type KernelSignature,
  type Manifest,
  type Type,
} from "../protocol/manifest.ts";

/**
 * The TypeScript declarations of a module: its kernels, known under its name to `load` and `remote`, its actor classes,
 * and its plain-data classes. The text of a `.d.ts` file, to lie anywhere that a program's tsconfig.json includes.
 */
export function typings(manifest: Manifest): string {
  return `// Written by wray for the module ${manifest.module}. Do not edit.
${describe(manifest)}
declare module "wray" {
  interface Modules {
    ${propertyName(manifest.module)}: Kernels;
  }
${hasActors(manifest) ? `  interface ActorModules {\n    ${propertyName(manifest.module)}: Actors;\n  }\n` : ""}}
`;
}

/**
 * The same of several modules in one TypeScript file that augments nothing: `ShippedModules` has the kernels of each by
 * its name, and `ShippedActorModules` the actors of those that have any.
 */
export function shippedTypings(manifests: readonly Manifest[]): string {
  const namespaces = manifests.map(
    (manifest) => `declare namespace ${identifier(manifest.module)} {\n${indent(describe(manifest))}}\n`,
  );
  const members = (of: readonly Manifest[], what: string) =>
    of.map(({ module }) => `  ${propertyName(module)}: ${identifier(module)}.${what};\n`).join("");
  return `// Written by the build for the modules that come with wray. Do not edit.
${namespaces.join("")}
export interface ShippedModules {
${members(manifests, "Kernels")}}
export interface ShippedActorModules {
${members(manifests.filter(hasActors), "Actors")}}
`;
}

/** Where declared types are looked up by name, these are taken. */
const takenNames = [
  ...[
    "Kernels",
    "Actors",
    "ArrayBuffer",
    "any",
    "bigint",
    "boolean",
    "never",
    "number",
    "object",
    "string",
    "symbol",
  ],
  ...["undefined", "unknown"],
];

/** Words that no variable or interface may have as its name. */
const reservedWords = new Set(
  `arguments await break case catch class const continue debugger default delete do else enum eval export extends false
  finally for function if implements import in instanceof interface let new null package private protected public return
  static super switch this throw true try typeof var void while with yield`.split(/\s+/),
);

const hasActors = ({ actors = [] }: Manifest) => actors.length > 0;

/** The interfaces of the kernels, actors and classes. */
function describe({ kernels, actors = [], classes }: Manifest): string {
  const names = new Map<string, string>();
  const used = new Set<string>(takenNames);
  for (const name of Object.keys(classes)) {
    let free = identifier(name);
    while (used.has(free) || isTypedArrayName(free)) free += "_";
    used.add(free);
    names.set(name, free);
  }
  const lines = ["export interface Kernels {"];
  for (const kernel of kernels) lines.push(...placed(kernel, method(kernel, names)));
  lines.push("}");
  if (actors.length > 0) {
    lines.push("export interface Actors {");
    for (const actor of actors) lines.push(...actorOf(actor, names));
    lines.push("}");
  }
  for (const [name, { fields }] of Object.entries(classes)) {
    lines.push(`export interface ${names.get(name)} {`);
    for (const field of fields) lines.push(`  ${propertyName(field.name)}: ${typeOf(field.type, names)};`);
    lines.push("}");
  }
  return `${lines.join("\n")}\n`;
}

function actorOf(
  { name, create, methods, file, line }: ActorSignature,
  names: ReadonlyMap<string, string>,
): string[] {
  const maker = method({ ...create, name: "create" }, names);
  return [
    ...placed({ file, line }, `${propertyName(name)}: {`),
    ...placed(create, maker).map(indent),
    "    methods: {",
    ...methods.flatMap((each) => placed(each, method(each, names)).map((text) => indent(indent(text)))),
    "    };",
    "  };",
  ];
}

/** A member of an interface below the place where its source stands. */
const placed = ({ file, line }: { file: string; line: number }, member: string): string[] => [
  `  /** ${`${file}:${line}`.replaceAll("*/", "* /")} */`,
  `  ${member}`,
];

function method({ name, params, returns }: KernelSignature, names: ReadonlyMap<string, string>): string {
  const list = params.map(
    (param) =>
      `${identifier(param.name)}${param.optional ? "?" : ""}: ${typeOf(param.type, names, "readonly ")}`,
  );
  return `${propertyName(name)}(${list.join(", ")}): ${typeOf(returns, names)};`;
}

/** A type as TypeScript has it; `access` is `"readonly "` where an array is only read. */
function typeOf(type: Type, names: ReadonlyMap<string, string>, access: "" | "readonly " = ""): string {
  if (typeof type === "string") {
    if (type === "bool") return "boolean";
    if (type === "i64" || type === "u64") return "bigint";
    const isName = isTypedArrayName(type) || type === "ArrayBuffer" || type === "string" || type === "void";
    return isName ? type : "number";
  }
  if ("object" in type) return names.get(type.object) ?? "unknown";
  if ("nullable" in type) return `${typeOf(type.nullable, names, access)} | null`;
  const element = typeOf("array" in type ? type.array : type.staticArray, names, access);
  return `${access}${/^[\w$]+(?:\[\])*$/.test(element) ? element : `(${element})`}[]`;
}

const isIdentifier = (name: string) => /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name);

/** A name as it is when it can be one in TypeScript, else the nearest that can. */
function identifier(name: string): string {
  const legal = isIdentifier(name) ? name : `_${name}`.replace(/[^\p{ID_Continue}$]+/gu, "_");
  return reservedWords.has(legal) ? `${legal}_` : legal;
}

const propertyName = (name: string) =>
  isIdentifier(name) && !reservedWords.has(name) ? name : JSON.stringify(name);

const indent = (text: string) => text.replace(/^(?=.)/gm, "  ");
