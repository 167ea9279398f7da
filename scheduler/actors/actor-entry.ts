import type { Submission, TaskTemplate } from "../dataflow/pending-task.ts";
import { refsOf } from "../dataflow/resolve-args.ts";
import type { Entry } from "../ownership/object-table.ts";
import type { Resources } from "../protocol/messages.ts";
import type { Encoded } from "../protocol/value.ts";
import { Deque } from "../queue/deque.ts";

/** How an actor is made, and what its calls have in common. */
export type ActorPlan = {
  /** `module/class`, for messages. */
  label: string;
  /** Its module, and its class there. */
  of: { sha256: string; actor: string };
  /** The names of its methods, the first of which is number 1. */
  methods: readonly string[];
  /** The task that makes it by its constructor; or, with the id of an object that is its state, from that, on this host. */
  making(from?: { state: string; hostId?: string | undefined }): Submission;
  /** What is common to the calls of each method, from 1, and to those that want its state. */
  templateOf(what: number | "save" | "take"): TaskTemplate;
  /** How many methods that leave the actor as it is may run at once. */
  maxConcurrency: number;
  /** Whether a method leaves the actor as it is. */
  reads(method: number): boolean;
  /** What it has of its host for as long as it is there, if anything. */
  need?: Resources | undefined;
  /** Whether it has that of a bundle of a placement group, and is where that is. */
  isBundled?: boolean;
  /** How often it is made anew when its host dies. */
  maxRestarts: number;
  /** How often a call is sent again that was under way then. */
  maxTaskRetries: number;
  maxPendingCalls: number;
  /** Its state is kept after so many calls, or so long after the first of them, so that nothing is lost with its host. */
  checkpoint?: { everyCalls: number; everyMs: number } | undefined;
};

/** A call of a method, or for the state of the actor. */
export class ActorCall {
  readonly number: number;
  readonly object: Entry;
  readonly template: TaskTemplate;
  readonly args: readonly (Encoded | string)[];
  missingCount: number;
  retriesLeft: number;
  hasEnded = false;
  /** What it ends with, unless its host tells that it was done before it could be stopped. */
  stopError: Error | undefined;
  /** Whether what it takes is kept, since it may have to be applied again. */
  isLogged = false;

  constructor(
    number: number,
    object: Entry,
    template: TaskTemplate,
    args: readonly (Encoded | string)[],
    retriesLeft: number,
  ) {
    this.number = number;
    this.object = object;
    this.template = template;
    this.args = args;
    this.missingCount = refsOf(args).length;
    this.retriesLeft = retriesLeft;
  }
}

export type Checkpoint = {
  /** The object that is the state of the actor. */
  id: string;
  /** What the host calls it that has told it, and may tell by what has changed since; undefined when no host has. */
  told: string | undefined;
  /** How many bytes of it are here. */
  homeBytes: number;
};

export type Saving = {
  /** The object that tells what the actor is. */
  id: string;
  /** How many calls of the log it contains. */
  count: number;
  /** Whether the host has told. */
  isSaved: boolean;
  /** Whether that is to be here, and not on two hosts. */
  isComing: boolean;
};

/** An actor as its owner knows it. */
export class ActorEntry {
  readonly id: string;
  readonly plan: ActorPlan;
  /** Where it is; undefined while it is being made. */
  hostId: string | undefined;
  restartsLeft: number;
  /** Calls in the order in which they were submitted. */
  readonly waiting = new Deque<ActorCall>();
  /** Those that its host has, by their numbers, in the order in which they went there. */
  readonly sent = new Map<number, ActorCall>();
  /** Calls that have gone to a host since the checkpoint, in order: those that failed have changed nothing. */
  log: ActorCall[] = [];
  checkpoint: Checkpoint | undefined;
  /** The one that is about to be the next. */
  saving: Saving | undefined;
  /** How many calls have gone since it was asked for, and when the first of them did. */
  unsavedCount = 0;
  unsavedMs: number | undefined;
  /** It is on its way to another host, this one if it is said; what its host gives back meanwhile. */
  moving: { to: string | undefined; call: ActorCall; returned: ActorCall[] } | undefined;
  /** It is another's, which all of its calls go to. */
  forward: ((call: ActorCall) => void) | undefined;
  /** Why it is gone. */
  error: Error | undefined;
  /** Nobody can call it any more: it ends when its calls have. */
  isReleased = false;

  constructor(id: string, plan: ActorPlan) {
    this.id = id;
    this.plan = plan;
    this.restartsLeft = plan.maxRestarts;
  }

  /** Calls that have not ended. */
  get pendingCount(): number {
    return this.waiting.size + this.sent.size;
  }
}
