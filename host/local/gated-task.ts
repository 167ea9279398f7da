import type { Waiting } from "../../scheduler/queue/fair-queue.ts";
import type { CallEnd } from "../pool/call.ts";
import type { Site } from "../pool/site.ts";
import { isWaiting, type NestedReply, type Said } from "../worker/messages.ts";
import { type Gating, shapeOf } from "./gate.ts";
import type { LocalBackend } from "./local-backend.ts";
import type { LocalObject } from "./local-object.ts";
import { type LocalArg, LocalTask, type LocalTaskOptions } from "./local-task.ts";

/** A task of an embedded host's client that goes to the pool when the gate lets it. */
export class GatedTask extends LocalTask implements Waiting {
  readonly gating: Gating;
  readonly shape: string;
  readonly expiresMs: number | undefined;
  readonly dueMs: number | undefined;
  readonly estimateMs = 0;
  queuedMs = 0;
  /** Whether it counts for its key. */
  isAdmitted = false;
  readonly #backend: LocalBackend;
  #isInGate = false;
  #isLaunched = false;
  #isBlocked = false;

  constructor(
    backend: LocalBackend,
    site: Site,
    result: LocalObject,
    args: readonly LocalArg[],
    options: LocalTaskOptions,
    gating: Gating,
  ) {
    super(backend, site, result, args, options);
    this.#backend = backend;
    this.gating = gating;
    this.shape = shapeOf(gating);
    const nowMs = performance.now();
    const { ttlMs, deadlineMs } = gating;
    this.expiresMs = ttlMs === undefined ? undefined : nowMs + ttlMs;
    this.dueMs = deadlineMs === undefined ? undefined : nowMs + deadlineMs;
    result.whenReady({ ready: () => this.#decided() });
    backend.gate.submitted(this);
  }

  get need(): Gating["need"] {
    return this.gating.need;
  }

  get priority(): number {
    return this.gating.priority;
  }

  get key(): string | undefined {
    return this.gating.key;
  }

  get maxConcurrent(): number | undefined {
    return this.gating.maxConcurrent;
  }

  protected override submit(): void {
    this.#isInGate = true;
    // So that its site is not forgotten meanwhile.
    this.site.callCount++;
    this.#backend.gate.enter(this);
  }

  /** Goes to the pool. */
  launch(): void {
    this.#isLaunched = true;
    this.isUrgent = true;
    super.submit();
    this.#leaveGate();
  }

  override endedWithNumber(value: number): void {
    super.endedWithNumber(value);
    this.#left();
  }

  override ended(end: CallEnd): void {
    super.ended(end);
    // Else it is run again.
    if (this.hasEnded) this.#left();
  }

  override said(message: Said): void {
    // First, since the answer may come at once.
    if (isWaiting(message)) {
      this.#isBlocked = true;
      this.#backend.gate.blocked(this);
    } else if (message.kind === "goesOn") {
      this.#resume();
    }
    super.said(message);
  }

  protected override answer(reply: NestedReply): void {
    this.#resume();
    super.answer(reply);
  }

  #resume(): void {
    if (!this.#isBlocked) return;
    this.#isBlocked = false;
    this.#backend.gate.resumed(this);
  }

  #leaveGate(): void {
    if (!this.#isInGate) return;
    this.#isInGate = false;
    this.site.callCount--;
  }

  #left(): void {
    this.#resume();
    this.#backend.gate.left(this);
  }

  /** It has its result, or an error, which may have come before it was run. */
  #decided(): void {
    if (!this.#isLaunched) this.hasEnded = true;
    this.#leaveGate();
    this.#backend.gate.decided(this);
  }
}
