import type { LossReason, Origin } from "../ownership/lineage.ts";
import type { ObjectTable } from "../ownership/object-table.ts";
import { ObjectLostError } from "../protocol/errors.ts";
import { inlineBytes } from "../protocol/messages.ts";
import { byteLengthOf, type Encoded } from "../protocol/value.ts";
import type { Submission } from "./pending-task.ts";

/** About what a call takes beside its arguments. */
const callBytes = 300;

/** The call that has made an object, by which it can be made again. */
export class TaskOrigin implements Origin {
  readonly submission: Submission;
  readonly refs: readonly string[];
  readonly bytes: number;
  /** How often the call may be run again. */
  retriesLeft: number;

  constructor(submission: Submission, refs: readonly string[], bytes: number, retriesLeft: number) {
    this.submission = submission;
    this.refs = refs;
    this.bytes = bytes;
    this.retriesLeft = retriesLeft;
  }
}

/**
 * What is to be remembered of a call whose arguments are ready. Small ones become part of it: then nothing depends on
 * the objects that they were.
 */
export function originOf(objects: ObjectTable, submission: Submission, retriesLeft: number): TaskOrigin {
  const refs: string[] = [];
  let bytes = callBytes;
  const args = submission.args.map((arg): Encoded | string => {
    if (typeof arg !== "string") {
      bytes += byteLengthOf(arg);
      return arg;
    }
    const entry = objects.get(arg)!;
    if (entry.state.kind === "local") {
      const size = byteLengthOf(entry.state.value);
      if (size <= inlineBytes || entry.isPart) bytes += size;
      if (size <= inlineBytes) return entry.state.value;
    }
    refs.push(arg);
    return arg;
  });
  return new TaskOrigin({ ...submission, args }, refs, bytes, retriesLeft);
}

/** The call as it is run again: its clock says again what it has said. */
export function replayOf({ submission }: TaskOrigin, clock: number[] | undefined): Submission {
  if (clock === undefined) return submission;
  const { template } = submission;
  return { ...submission, template: { ...template, options: { ...template.options, clock } } };
}

const reasons: Record<LossReason, { why: string; remedy: string }> = {
  put: {
    why: "it was put, and no task can make it again",
    remedy: "Put the value again; with more replicas it survives more hosts.",
  },
  retries: {
    why: "the task that made it has been run again as often as maxRetries allows",
    remedy: "Raise maxRetries of the task that made it.",
  },
  evicted: {
    why: "how it was made is forgotten, since there was too much to remember",
    remedy: "Raise maxLineageBytes of init().",
  },
  freed: {
    why: "the program has let go of it",
    remedy: "Keep the refs of what was put as long as those of what is made of it.",
  },
};

/** What becomes of an object that is lost and can't be made again. */
export function lostFor(reason: LossReason, id: string, how: string): Error {
  const { why, remedy } = reasons[reason];
  return new ObjectLostError(`object ${id} is lost: ${how}, and ${why}`, { remedy, data: { id, reason } });
}
