import { stripVTControlCharacters } from "node:util";

/** Writes what a task says to the log of its host, which is stderr. */
export function printLog(hostId: string, taskId: string, text: string): void {
  console.error(`[${hostId} ${taskId}] ${printable(text)}`);
}

/** What a task wrote, as it may be printed: without what would steer a terminal, and further lines set in. */
const printable = (text: string) =>
  stripVTControlCharacters(text)
    .replace(/[^\P{Cc}\n]/gu, " ")
    .replaceAll("\n", "\n  ");
