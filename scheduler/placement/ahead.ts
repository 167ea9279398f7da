/** Tasks that most often take less than this, in ms, take less than the messages about them. */
export const shortMs = 0.2;
/** So many of these are had in line, however short they are. */
const shortAhead = 512;

/**
 * How many tasks are enough work for so long, so that a cpu has the next one when one has ended.
 * @param typicalMs how long most of them take at most
 */
export const tasksAhead = (typicalMs: number, aheadMs: number): number =>
  typicalMs < shortMs ? shortAhead : aheadMs / typicalMs;
