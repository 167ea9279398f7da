import { hasMark, type Mark, methodsOf } from "./actors.ts";
import { type Declaration, isClassPrototype, type Program } from "./compiler.ts";
import { refuse } from "./refuse.ts";
import { forEachNode } from "./syntax.ts";

/** Where each decorator means something. */
const places: Record<Mark, string> = {
  actor: "an exported class",
  readonly: "a public method of a class with @actor",
};

/** Refuses the decorators of actors where they mean nothing. */
export function refuseMisplacedMarks(program: Program): void {
  const classes = [...program.elementsByDeclaration.values()]
    .filter(isClassPrototype)
    .filter(({ declaration }) => hasMark(declaration, "actor"));
  const exported = new Set(
    [...program.filesByName.values()].flatMap((file) => [...(file.exports?.values() ?? [])]),
  );
  const allowed: Record<Mark, Set<object>> = {
    actor: new Set(classes.filter((each) => exported.has(each)).map(({ declaration }) => declaration)),
    readonly: new Set(classes.flatMap(methodsOf).map(({ declaration }) => declaration)),
  };
  for (const { normalizedPath, statements } of program.sources) {
    if (normalizedPath.startsWith("~lib/")) continue;
    forEachNode(statements, (node) => {
      const { decorators, name } = node as Partial<Declaration>;
      if (name === undefined) return; // `let …`, whose variables have its decorators again
      for (const decorator of decorators ?? []) {
        const mark = decorator.name.text;
        if ((mark !== "actor" && mark !== "readonly") || allowed[mark].has(node)) continue;
        const reason = `'${name.range}' has @${mark} and is not ${places[mark]}.`;
        refuse(program, decorator.range, reason, "Drop the decorator.");
      }
    });
  }
}
