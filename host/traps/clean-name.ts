/** Characters of the longest name of a file or a function that is shown. */
export const longestName = 200;

/** The sequences with which a text steers a terminal, as for colours and titles. */
const escapes = /\p{Cc}\[[0-?]*[ -/]*[@-~]|\p{Cc}\][^\p{Cc}]*(?:\p{Cc}\\?)?/gu;
/** What changes how a text is shown: controls, line ends, directions of writing; and halves of characters. */
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** A name from a stranger on one line, and its last characters when it is long. */
export function cleanName(name: string): string {
  // It is cut first, because it may be as long as a module's memory.
  const end = name
    .slice(-2 * longestName)
    .replace(escapes, "")
    .replace(invisible, "\ufffd");
  const isWhole = name.length <= 2 * longestName && end.length <= longestName;
  return isWhole ? end : `…${end.slice(1 - longestName)}`;
}
