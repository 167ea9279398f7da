/** The longest that a timer runs, in ms: 24 days; one that is set for longer goes off at once. */
export const longestTimerMs = 2 ** 31 - 1;
