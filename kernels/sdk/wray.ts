// What the host gives to a kernel. asc imports a declared function from a module named after its file, so the
// name of this file, `wray`, is the name of the import module: `(import "wray" "log" …)`.

/** Writes one line to the log of the host that runs the task. */
export declare function log(message: string): void;
