export * from "../scheduler/client/index.ts";
export { type InitOptions, init } from "./init.ts";
