/** Tasks that most often take less than this, in ms, take less than the messages about them. */
export const shortMs = 0.2;
/** No more of them are had in line, however short they are. */
const mostAhead = 2_048;

/** How many tasks are enough work for so long, in ms, so that a cpu has the next one when one has ended. */
export const tasksAhead = (typicalMs: number, aheadMs: number): number =>
  Math.min(aheadMs / typicalMs, mostAhead);
