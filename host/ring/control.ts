/**
 * Words that a worker shares with its host. The host writes the first line; the worker writes the others, of which the
 * last changes with every call, and would take the former away from the host with each.
 */
export const controlWords = 48;
export const controlBytes = 4 * controlWords;
const workerLine = 16;
const callLine = 32;

/** The ticket of the call that is to end; none has the ticket 0. */
export const stopWord = 0;
/** Counts what was sent to a worker, which may sleep on it. */
export const wakeWord = 1;
/** Counts the tasks that calls have submitted and that have ended while these ran. */
export const endedWord = 2;
/** How much of what the worker has sent the host has handled, by `weightOf`. */
export const handledWord = 3;
/** Counts the messages that were posted to the worker. */
export const mailWord = 4;
/** 1 while it is to take no calls, because others have its cpu. */
export const parkedWord = 5;

/** 1 while it sleeps on its wake word; whoever wakes it makes it 0. */
export const sleepsWord = workerLine;
/** Counts the messages that the worker has posted. */
export const postedWord = workerLine + 1;

/** The slot of the call that it runs, and 1 more: 0 for none. */
export const runningWord = callLine;
