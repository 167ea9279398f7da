import type { Ledger } from "../scheduler/placement/resources.ts";
import { Ids } from "../scheduler/protocol/ids.ts";
import type { Arg, BundleName, CallOwn, Outcome, Resources } from "../scheduler/protocol/messages.ts";
import type { QueuedTask } from "../scheduler/queue/host-queue.ts";
import type { CallTemplate } from "./call-template.ts";
import { EmitWindow } from "./emit-window.ts";
import type { GpuCall } from "./gpu/gpu-call.ts";
import type { StoredObject } from "./objects/stored-object.ts";
import type { TaskCall } from "./task-call.ts";

/** A task that came to this host over the bus, until it has ended. */
export class BusTask implements QueuedTask {
  readonly template: CallTemplate;
  /** By which its id is known; of one that has another id, undefined. */
  readonly number: number | undefined;
  readonly args: readonly Arg[];
  /** Its own seed; undefined when that is its id. */
  readonly ownSeed: string | undefined;
  /** Is told how it ended, once. */
  readonly ended: (task: BusTask, outcome: Outcome) => void;
  /** How many hosts have given it back since they were full. */
  readonly hops: number;
  /** When nobody wants it any more, unless it has begun; and by when it has to be done. */
  readonly expiresMs: number | undefined;
  readonly dueMs: number | undefined;
  /** Since when it waits; and since when a worker has it, or soon will. */
  queuedMs = 0;
  startedMs: number | undefined;
  estimateMs = 0;
  isCancelled = false;
  hasEnded = false;
  taken: Ledger | undefined;
  call: TaskCall | undefined;
  /** Its call, if it runs on the GPU. */
  gpuCall: GpuCall | undefined;
  /** How far it may be ahead, if it may yield. */
  readonly window: EmitWindow | undefined;
  /** The arguments that it keeps in memory. */
  pinned: StoredObject[] | undefined;
  #id: string | undefined;

  /** @param name its id, or its number among those of the owner */
  constructor(
    template: CallTemplate,
    name: string | number,
    args: readonly Arg[],
    own: { [Name in keyof CallOwn]?: CallOwn[Name] | undefined } | undefined,
    ended: (task: BusTask, outcome: Outcome) => void,
  ) {
    this.template = template;
    this.args = args;
    this.ended = ended;
    const isNumbered = typeof name === "number";
    this.number = isNumbered ? name : undefined;
    this.#id = isNumbered ? undefined : name;
    this.ownSeed = isNumbered ? own?.seed : (own?.seed ?? name);
    this.hops = own?.hops ?? 0;
    const { stream } = template;
    this.window = stream === undefined ? undefined : new EmitWindow(stream, own?.taken);
    const { ttlMs, leftMs } = own ?? {};
    const nowMs = ttlMs === undefined && leftMs === undefined ? 0 : performance.now();
    this.dueMs = leftMs === undefined ? undefined : nowMs + leftMs;
    const wantedMs = Math.min(ttlMs ?? Number.POSITIVE_INFINITY, leftMs ?? Number.POSITIVE_INFINITY);
    this.expiresMs = Number.isFinite(wantedMs) ? nowMs + wantedMs : undefined;
  }

  get need(): Resources {
    return this.template.need;
  }

  get bundle(): BundleName | undefined {
    return this.template.bundle;
  }

  get shape(): string {
    return this.template.shape;
  }

  get priority(): number {
    return this.template.priority;
  }

  get depth(): number {
    return this.template.depth;
  }

  /** Whether its owner can place it elsewhere. */
  get canMove(): boolean {
    return this.owner !== undefined && this.bundle === undefined;
  }

  get owner(): string | undefined {
    return this.template.owner;
  }

  get id(): string {
    this.#id ??= new Ids(this.owner!).of(this.number!);
    return this.#id;
  }

  get seed(): string {
    return this.ownSeed ?? this.id;
  }

  /** Keeps an object in memory until it is over. */
  pin(object: StoredObject): void {
    if (this.pinned === undefined) this.pinned = [object];
    else this.pinned.push(object);
  }
}
