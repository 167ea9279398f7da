/** Words that a worker shares with its host, so that one who does not listen can be told something. */
export const controlBytes = 16;
/** The number of the call that is to end; none has the number 0. */
export const stopWord = 0;
/** Counts what was sent to a worker that waits. */
export const wakeWord = 1;
/** How many of the tasks that the running call has submitted have ended. */
export const endedWord = 2;
/** How much of what the running call has sent the host has handled, by `weightOf`. */
export const handledWord = 3;
