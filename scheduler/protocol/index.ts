export * from "./codec.ts";
export * from "./errors.ts";
export * from "./ids.ts";
export * from "./limits.ts";
export * from "./memory.ts";
export * from "./messages.ts";
export * from "./subjects.ts";
export * from "./value.ts";
