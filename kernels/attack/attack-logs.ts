/** Floods of text. */
import { log, progress } from "wray/kernels/sdk";

/** One line of so many characters. */
export function long(length: i32): void {
  log("x".repeat(length));
}

/** Lines that would move a terminal's cursor, clear it and rename its window. */
export function flood(): void {
  while (true) log("\x1b[2J\x1b[H\x1b]0;owned\x07\r\x9b31mfaked line\nhost: all is well\x1b[?1049h");
}

export function progress_flood(): void {
  while (true) progress(0.5, "\x1b[2J".repeat(10_000));
}

/** A message that is far longer than anyone reads. */
export function abort_long(): void {
  throw new Error("\x1b[2J".repeat(100_000));
}
