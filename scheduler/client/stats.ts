/** What a client has met since it began. */
export type ClientStats = {
  /** How often tasks were run again: their host or their worker had died, or they had failed and asked for it. */
  tasksRetried: number;
  /** How many objects that were lost were made again, by the tasks that had made them. */
  objectsMadeAgain: number;
  /** How often a host was taken for dead. */
  hostsLost: number;
};
