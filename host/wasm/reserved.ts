/** The module and the prefix of exports that belong to the host; no module that it gets may use them. */
export const hostModule = "__wray";
export const reservedPrefix = "__wray_";

/** What a prepared module imports from `hostModule`. */
export const memoryImport = "memory";
export const checkImport = "check";

/** What it exports besides its own; see `prepareModule`. */
export const keepExport = `${reservedPrefix}keep`;
export const restoreExport = `${reservedPrefix}restore`;
export const nextUsedExport = `${reservedPrefix}next_used`;
/** The mutable globals of a module with actors, in order. */
export const globalExport = (nth: number): string => `${reservedPrefix}global_${nth}`;
export const outOfMemoryExport = `${reservedPrefix}out_of_memory`;
