import { actorExport } from "../../scheduler/protocol/manifest.ts";
import {
  type Class,
  type ClassPrototype,
  type FunctionPrototype,
  flags,
  type Parent,
  type Parser,
  type Program,
  type Range,
  restParameter,
  type Statement,
} from "./compiler.ts";
import { forEachNode } from "./syntax.ts";

/**
 * Writes the functions by which a host calls an actor, since a method can't be exported itself:
 *
 *     @lazy let Counter$$self: Counter$$class | null = null;
 *     function Counter$new(start: i32 = 0): void { Counter$$self = new Counter$$class(start); }
 *     function Counter$incr(by: i32): i32 { return Counter$$self!.incr(by); }
 *
 * Each stands in the file of the method that it calls, which may be that of a base class, so that types and default
 * values mean there what they mean in the method. The variable and the class are known in all of these files.
 */
export class ActorFunctions {
  readonly #program: Program;
  readonly #name: string;
  readonly #prototype: ClassPrototype;
  readonly #types: ReadonlyMap<string, Class["type"]>;
  readonly #self: string;
  readonly #class: string;

  /**
   * @param name what the class is exported as
   * @param actor the class with its types resolved
   */
  constructor(program: Program, name: string, prototype: ClassPrototype, actor: Class) {
    this.#program = program;
    this.#name = name;
    this.#prototype = prototype;
    this.#types = new Map([...(actor.contextualTypeArguments ?? []), ["this", actor.type]]);
    this.#self = `${name}$$self`;
    this.#class = `${name}$$class`;
    const { parent, identifierNode } = prototype;
    parent.add(this.#class, prototype, identifierNode);
    const variable = this.#parse(
      `@lazy let ${this.#self}: ${this.#class} | null = null;`,
      identifierNode.range,
    );
    program.initializeVariables(variable, parent);
  }

  /** The function that makes the actor, by its constructor if it has one; undefined after an error. */
  create(maker: FunctionPrototype | undefined): FunctionPrototype | undefined {
    const args = maker === undefined ? "" : argumentsOf(maker);
    const { range } = (maker ?? this.#prototype).identifierNode;
    const declaration = this.#parse(
      `function ${actorExport(this.#name, "new")}(): void { ${this.#self} = new ${this.#class}(${args}); }`,
      range,
    );
    if (maker !== undefined) declaration.signature!.parameters = maker.functionTypeNode.parameters;
    return this.#resolved(declaration, maker?.parent.parent ?? this.#prototype.parent);
  }

  /** The function that calls a method; undefined after an error. */
  call(method: FunctionPrototype): FunctionPrototype | undefined {
    const { name, functionTypeNode, identifierNode, parent } = method;
    const declaration = this.#parse(
      `function ${actorExport(this.#name, name)}(): void { return ${this.#self}!.${name}(${argumentsOf(method)}); }`,
      identifierNode.range,
    );
    declaration.signature!.parameters = functionTypeNode.parameters;
    declaration.signature!.returnType = functionTypeNode.returnType;
    return this.#resolved(declaration, parent.parent);
  }

  #resolved(declaration: Statement, home: Parent): FunctionPrototype | undefined {
    const own = this.#prototype.parent;
    for (const name of home === own ? [] : [this.#self, this.#class]) {
      home.add(name, own.members!.get(name)!, this.#prototype.identifierNode);
    }
    const made = this.#program.initializeFunction(declaration, home);
    if (made === null) return undefined;
    made.set(flags.moduleExport);
    // Here, since the compiler would not know what the type parameters of a base class stand for.
    this.#program.resolver.resolveFunction(made, null, new Map(this.#types));
    return made;
  }

  /** Parses one statement, of which the debugger and messages say that it stands in this place. */
  #parse(text: string, range: Range): Statement {
    const { parser, diagnostics } = this.#program;
    const parsed = new (parser.constructor as new (diagnostics: unknown) => Parser)(diagnostics);
    parsed.parseFile(text, "actor.ts", false);
    const { statements } = parsed.sources[0]!;
    forEachNode(statements, (node) => {
      node.range = range;
    });
    return statements[0]!;
  }
}

/** The parameters of a function, as arguments. One that takes any number of values is refused later. */
const argumentsOf = ({ functionTypeNode }: FunctionPrototype): string =>
  functionTypeNode.parameters
    .filter(({ parameterKind }) => parameterKind !== restParameter)
    .map(({ name }) => name.text)
    .join(", ");
