// A slot holds one call: first what it is, then what came of it. In words from its beginning:
//
//     0    state                     one of `slotState`
//     1    site                      which kernel, with which options; see host/pool/sites.ts
//     2    ticket                    tells this call from all others of its time; never 0
//     3    count of items
//     4    depth                     in how many tasks it is nested
//     5    worker                    that took it
//     6-7  number                    f64: of the task, for its id; then, if that is wanted, how long it ran, in ms
//     8-   items
//
// Items are arguments, or a result. Each begins with two words, and the next with the next even word:
//
//     0    bytes of the encoded value
//     1    segment that holds it, from 1; with 0, it follows here

/** The words of a slot's header. */
export const stateWord = 0;
export const siteWord = 1;
export const ticketWord = 2;
export const itemCountWord = 3;
export const depthWord = 4;
export const workerWord = 5;
export const numberWord = 6;
export const itemsWord = 8;

export const slotState = {
  free: 0,
  /** In a ring of submissions. */
  queued: 1,
  running: 2,
  /** The host no longer wants it to be run. */
  cancelled: 3,
  /** Done: its item is the result, encoded. */
  value: 4,
  /** Done: its item is an error, encoded. */
  error: 5,
} as const;

/** How many items a call has at most: the first arguments, and what else belongs to it. */
export const itemHeaderWords = 2;
