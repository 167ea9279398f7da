import { LocalGangs } from "./local-gangs.ts";
export const x = LocalGangs;
