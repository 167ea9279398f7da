// What is global in a kernel, for editors: AssemblyScript's own typings, mended where TypeScript 7 refuses them.

/// <reference path="./number.d.ts" />
/// <reference path="./actors.d.ts" />
/// <reference types="assemblyscript/std/assembly/index.d.ts" />
