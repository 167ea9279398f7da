export { BrokenValue, lift, liftScalar } from "./lift.ts";
export { lower, lowerAll } from "./lower.ts";
export type { Runtime } from "./memory.ts";
