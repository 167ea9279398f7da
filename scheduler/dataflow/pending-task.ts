import type { Demand } from "../placement/host-table.ts";
import type { Selector } from "../placement/labels.ts";
import type { Placed } from "../placement/place.ts";
import type { Placeable } from "../placement/placer.ts";
import { defaultNeed, keyOf } from "../placement/resources.ts";
import type { Resources, Task } from "../protocol/messages.ts";

/** What is submitted: an argument is an encoded value or the id of an object. */
export type Submission = {
  /** For messages to people: `module/function`. */
  label: string;
  module: string;
  kernel: string;
  args: (Uint8Array | string)[];
  maxRetries: number;
  /** What goes to the host with the task. */
  options: Pick<Task, "limits" | "grant" | "seed" | "clock" | "depth" | "need" | "priority" | "bundle">;
  /** Where it can run, and should. */
  where?: Where | undefined;
  /** For how long its owner wants it, unless it has begun, in ms. */
  ttlMs?: number | undefined;
  /** How long it may take from now, with all that it waits for, in ms. */
  deadlineMs?: number | undefined;
  /** No more tasks of this key than `maxConcurrent` are under way at once. */
  key?: string | undefined;
  maxConcurrent?: number | undefined;
  /** Hears how far the task has come while it runs. */
  onProgress?: ((progress: Progress) => void) | undefined;
};

/** How far a task has come: a part of 1, and what it says of it. */
export type Progress = { fraction: number; text: string };

/** Where a task can run, and where it should. */
export type Where = {
  /** Labels that its host must have, and those that it should have. */
  labels?: Selector;
  prefer?: Selector;
  /** The only host that it may go to. */
  host?: string;
};

const noInputs: Placed["inputs"] = [];

/** A task that has not ended. */
export class PendingTask implements Placeable {
  readonly id: string;
  readonly submission: Submission;
  readonly need: Resources;
  readonly shape: string;
  readonly owner = "";
  readonly priority: number;
  readonly depth: number;
  /** When nobody wants it any more, unless it has begun; and by when it has to be done. */
  readonly expiresMs: number | undefined;
  readonly dueMs: number | undefined;
  /** The objects that it takes, once they are ready. */
  inputs = noInputs;
  /** Since when it waits for a host. */
  queuedMs = 0;
  readonly estimateMs = 0;
  hasEnded = false;
  /** How many of its arguments are not ready. */
  missingCount: number;
  retriesLeft: number;
  /** Where it is now; undefined while it waits for arguments or for a host. */
  hostId: string | undefined = undefined;
  /** How many hosts have given it back since they were full. */
  hops = 0;
  /** Whether it counts for its key. */
  isAdmitted = false;

  constructor(id: string, submission: Submission, missingCount: number, nowMs: number) {
    const { options, where, ttlMs, deadlineMs, maxRetries } = submission;
    this.id = id;
    this.submission = submission;
    this.need = options.need ?? defaultNeed;
    this.shape = shapeOf(this.need, where);
    this.priority = options.priority ?? 0;
    this.depth = options.depth ?? 0;
    this.expiresMs = ttlMs === undefined ? undefined : nowMs + ttlMs;
    this.dueMs = deadlineMs === undefined ? undefined : nowMs + deadlineMs;
    this.missingCount = missingCount;
    this.retriesLeft = maxRetries;
  }

  get label(): string {
    return this.submission.label;
  }

  get module(): string {
    return this.submission.module;
  }

  get labels(): Selector | undefined {
    return this.submission.where?.labels;
  }

  get prefer(): Selector | undefined {
    return this.submission.where?.prefer;
  }

  get host(): string | undefined {
    return this.submission.where?.host;
  }

  get key(): string | undefined {
    return this.submission.key;
  }

  get maxConcurrent(): number | undefined {
    return this.submission.maxConcurrent;
  }
}

/** The text by which it is known which hosts can run a task. */
function shapeOf(need: Resources, where: Omit<Demand, "need"> | undefined): string {
  if (need === defaultNeed && where === undefined) return "";
  return JSON.stringify([keyOf(need), where?.labels ?? 0, where?.host ?? 0]);
}
