import { hasMark, type Mark, methodsOf } from "./actors.ts";
import { type Declaration, isClassPrototype, type Program } from "./compiler.ts";
import { refuse } from "./refuse.ts";
import { forEachNode } from "./syntax.ts";

/** What else is said of a decorator that stands elsewhere. */
const places: Record<Mark, { reason: string; remedy: string }> = {
  actor: {
    reason: "@actor is for exported classes.",
    remedy: "Write it before `export class …`, or drop it.",
  },
  readonly: {
    reason: "@readonly is for public methods of classes with @actor.",
    remedy: "Write it before one, or drop it.",
  },
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
      for (const { name, range } of (node as Partial<Declaration>).decorators ?? []) {
        if (name.text !== "actor" && name.text !== "readonly") continue;
        if (allowed[name.text].has(node)) continue;
        const { reason, remedy } = places[name.text];
        refuse(program, range, reason, remedy);
      }
    });
  }
}
