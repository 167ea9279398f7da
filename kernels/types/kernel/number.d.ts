// AssemblyScript declares `Number` as an alias, and TypeScript 7 takes only an interface for what numbers have: without
// this, `x.toString()` is an error. It is the first to be read, so it is what counts.

interface Number extends _Float {}
declare const Number: typeof F64;
