/** What is read of a node of the compiler's syntax tree. */
export type Node = { readonly kind: number; range: object };

/** Of the compiler's `NodeKind`. */
export const kinds = {
  identifier: 7,
  call: 10,
  propertyAccess: 22,
  this: 25,
  import: 43,
  classDeclaration: 52,
} as const;

/** Visits every node below, the inner before the outer. */
export function forEachNode(value: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(value)) {
    for (const each of value) forEachNode(each, visit);
    return;
  }
  if (typeof value !== "object" || value === null || !("kind" in value) || !("range" in value)) return;
  for (const [name, child] of Object.entries(value)) if (name !== "range") forEachNode(child, visit);
  visit(value as Node);
}
