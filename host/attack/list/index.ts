import type { Attack } from "../attack.ts";
import { argumentAttacks, secretAttacks } from "./argument.ts";
import { hostAttacks, nestedAttacks, trapAttacks } from "./host.ts";
import { memoryAttacks } from "./memory.ts";
import { manifestAttacks, moduleAttacks, wireAttacks } from "./module.ts";
import { logAttacks, resultAttacks } from "./result.ts";
import { stackAttacks, timeAttacks } from "./time.ts";

/** The attack list. */
export const attacks: readonly Attack[] = [
  ...[
    ...timeAttacks,
    ...stackAttacks,
    ...memoryAttacks,
    ...moduleAttacks,
    ...wireAttacks,
    ...manifestAttacks,
  ],
  ...[...argumentAttacks, ...resultAttacks, ...logAttacks, ...trapAttacks, ...hostAttacks, ...nestedAttacks],
  ...secretAttacks,
];
