import type { Entry, ReadyState } from "../ownership/object-table.ts";
import type { Demand, PlacedBundle } from "../placement/host-table.ts";
import type { Selector } from "../placement/labels.ts";
import type { Placed } from "../placement/place.ts";
import { defaultNeed, keyOf } from "../placement/resources.ts";
import { sizeClassOf } from "../placement/variant-times.ts";
import type { Resources, Template } from "../protocol/messages.ts";
import type { Encoded } from "../protocol/value.ts";
import type { Placeable, PlacedVariant } from "../queue/placer.ts";
import type { ItemOrigin } from "./lost-items.ts";
import { attemptSeed, type RetryErrors } from "./retries.ts";

/** What tasks have in common: which kernel, and how it is to be run. */
export type TaskTemplate = {
  /** For messages to people: `module/function`. */
  readonly label: string;
  readonly module: string;
  readonly kernel: string;
  readonly maxRetries: number;
  /** The codes of the errors after which it is tried again, or that this is so after each. */
  readonly retryErrors?: RetryErrors | undefined;
  /** What goes to the host. */
  readonly options: Omit<Template, "module" | "kernel">;
  /** Where a task can run, and should. */
  readonly where?: Where | undefined;
  /** What a placement group has reserved for it. */
  readonly bundle?: PlacedBundle | undefined;
  /** For how long its owner wants a task, unless it has begun, in ms. */
  readonly ttlMs?: number | undefined;
  /** How long a task may take from its submission, with all that it waits for, in ms. */
  readonly deadlineMs?: number | undefined;
  /** No more tasks of this key than `maxConcurrent` are under way at once. */
  readonly key?: string | undefined;
  readonly maxConcurrent?: number | undefined;
  /** The ways to run its tasks, if there are several: templates that differ in kernel and need. */
  readonly variants?: readonly TaskTemplate[] | undefined;
  /** Hears how far a task has come while it runs. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
};

/** Where a task can run, and where it should. */
export type Where = {
  /** Labels that its host must have, and those that it should have. */
  labels?: Selector;
  prefer?: Selector;
  /** The only host that it may go to. */
  host?: string;
};

/** Who takes what a task yields. */
export interface ItemSink {
  /** How many items were taken. */
  takenCount(): number;
  /** An item is here. False when it was here before, or nobody wants it. */
  add(index: number, id: string, state: ReadyState): boolean;
  /** The task is about to run again, and to yield again what is lost. */
  lose(isLost: (id: string) => boolean): void;
  /** The task has ended. */
  end(error: Error | undefined): void;
}

/** What is submitted: an argument is an encoded value or the id of an object. */
export type Submission = {
  template: TaskTemplate;
  args: readonly (Encoded | string)[];
  /** Of its random numbers. Default: its id. */
  seed?: string | undefined;
  /** For what it yields, when its template says that it may. */
  items?: ItemSink | undefined;
  /** Hears on which host it has come to a value, before that is known. */
  ranOn?: ((hostId: string) => void) | undefined;
};

/** How far a task has come: a part of 1, and what it says of it. */
export type Progress = { fraction: number; text: string };

const noInputs: Placed["inputs"] = [];

/** What a task's template says of where it can be run. */
abstract class Templated {
  abstract readonly template: TaskTemplate;

  get shape(): string {
    return shapeOf(this.template);
  }

  get label(): string {
    return this.template.label;
  }

  get module(): string {
    return this.template.module;
  }

  get need(): Resources {
    return this.template.options.need ?? defaultNeed;
  }

  get labels(): Selector | undefined {
    return this.template.where?.labels;
  }

  get prefer(): Selector | undefined {
    return this.template.where?.prefer;
  }

  get host(): string | undefined {
    return this.template.where?.host;
  }

  get bundle(): PlacedBundle | undefined {
    return this.template.bundle;
  }
}

/** A task that has not ended. */
export class PendingTask extends Templated implements Placeable {
  /** Among those of its owner; its id follows from it. */
  readonly number: number;
  /** Its result, which has the same id. */
  readonly object: Entry;
  readonly submission: Submission;
  /** When nobody wants it any more, unless it has begun; and by when it has to be done. */
  readonly expiresMs: number | undefined;
  readonly dueMs: number | undefined;
  /** The objects that it takes, once they are ready. */
  inputs = noInputs;
  /** Since when it waits for a host. */
  queuedMs = 0;
  hasEnded = false;
  /** How many of its arguments are not ready. */
  missingCount: number;
  retriesLeft: number;
  /** How its items can be made again, once one of them may be lost. */
  itemOrigin: ItemOrigin | undefined;
  /** How many items it has yielded where it is now. */
  yieldedCount = 0;
  /** It is to begin anew as soon as its host has ended it. */
  beginsAnew = false;
  /** How often it has failed and is tried anew. */
  attempt = 0;
  /** Where it is now; undefined while it waits for arguments or for a host. */
  hostId: string | undefined = undefined;
  /** How many hosts have given it back since they were full. */
  hops = 0;
  /** The ways to run it, if there are several, once what it takes is known. */
  variants: readonly TaskVariant[] | undefined;
  #chosen: TaskTemplate | undefined;
  /** Whether it counts for its key. */
  isAdmitted = false;

  constructor(number: number, object: Entry, submission: Submission, missingCount: number, nowMs: number) {
    super();
    const { ttlMs, deadlineMs, maxRetries } = submission.template;
    this.number = number;
    this.object = object;
    this.submission = submission;
    this.expiresMs = ttlMs === undefined ? undefined : nowMs + ttlMs;
    this.dueMs = deadlineMs === undefined ? undefined : nowMs + deadlineMs;
    this.missingCount = missingCount;
    this.retriesLeft = maxRetries;
  }

  get id(): string {
    return this.object.id;
  }

  get template(): TaskTemplate {
    return this.#chosen ?? this.submission.template;
  }

  /** What it takes is of this size, in bytes: now its variants are known. */
  ofSize(bytes: number): void {
    const { variants } = this.submission.template;
    this.variants = variants?.map((template) => new TaskVariant(this, timed(template, sizeClassOf(bytes))));
  }

  /** It is to be run by one of its variants, until it is placed again. */
  choose(template: TaskTemplate | undefined): void {
    this.#chosen = template;
  }

  get args(): Submission["args"] {
    return this.submission.args;
  }

  get items(): ItemSink | undefined {
    return this.submission.items;
  }

  /** Of its random numbers; undefined when that is its id. */
  get seed(): string | undefined {
    const { seed } = this.submission;
    return this.attempt === 0 ? seed : attemptSeed(seed ?? this.id, this.attempt);
  }

  /** All are the client's own. */
  get owner(): string {
    return "";
  }

  get priority(): number {
    return this.template.options.priority ?? 0;
  }

  /** How long it takes is of no use where all wait for hosts. */
  get estimateMs(): number {
    return 0;
  }

  get depth(): number {
    return this.template.options.depth ?? 0;
  }

  get key(): string | undefined {
    return this.template.key;
  }

  get maxConcurrent(): number | undefined {
    return this.template.maxConcurrent;
  }
}

/** A task as it would be run by one of its variants. */
export class TaskVariant extends Templated implements PlacedVariant {
  readonly template: TaskTemplate;
  readonly #task: PendingTask;

  constructor(task: PendingTask, template: TaskTemplate) {
    super();
    this.#task = task;
    this.template = template;
  }

  choose(): void {
    this.#task.choose(this.template);
  }

  get timedAs(): string {
    return this.template.options.timedAs!;
  }

  get inputs(): Placed["inputs"] {
    return this.#task.inputs;
  }

  get depth(): number {
    return this.#task.depth;
  }

  get hops(): number {
    return this.#task.hops;
  }
}

const timedTemplates = new WeakMap<TaskTemplate, TaskTemplate[]>();

/** The template of tasks of a size, whose run times are told by that. */
function timed(template: TaskTemplate, sizeClass: number): TaskTemplate {
  let bySize = timedTemplates.get(template);
  if (bySize === undefined) {
    bySize = [];
    timedTemplates.set(template, bySize);
  }
  const { options, label } = template;
  bySize[sizeClass] ??= { ...template, options: { ...options, timedAs: `${label} 2^${sizeClass}` } };
  return bySize[sizeClass];
}

const shapes = new WeakMap<TaskTemplate, string>();

/** The text by which it is known which hosts can run tasks of a template. */
function shapeOf(template: TaskTemplate): string {
  const { options, where, bundle, variants } = template;
  if (variants !== undefined) return variants.map(shapeOf).join(" or ");
  if (bundle !== undefined) return `bundle ${bundle.index} of ${bundle.group}`;
  if (options.need === undefined && where === undefined) return "";
  let shape = shapes.get(template);
  if (shape === undefined) {
    const demand: Demand = { need: options.need ?? defaultNeed, ...where };
    shape = JSON.stringify([keyOf(demand.need), demand.labels ?? 0, demand.host ?? 0]);
    shapes.set(template, shape);
  }
  return shape;
}
