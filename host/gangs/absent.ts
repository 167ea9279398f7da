import { CollectiveError } from "../../scheduler/protocol/errors.ts";

/** What members hear that wait for one to join, which has returned and never will. */
export const absent = (group: string, rank: number): CollectiveError =>
  new CollectiveError(
    `rank ${rank} of the gang has returned and never talked to the others, which wait for it`,
    {
      remedy: "Have all members make the same calls; the first one waits until all have come to it.",
      data: { group, rank },
    },
  );
