import type { Capability, Limits } from "../../scheduler/protocol/limits.ts";
import type { WorkerCall, WorkerSite } from "./messages.ts";
import type { Sandbox } from "./sandbox.ts";

/** The calls of one site, of which a worker runs one after the other: this is always the one that it runs. */
export class SiteCall implements WorkerCall {
  /** `module/function`, for messages. */
  readonly name: string;
  readonly sandbox: Sandbox;
  readonly sha256: string;
  readonly kernel: string;
  readonly limits: Limits;
  readonly grant: readonly Capability[];
  readonly clock: readonly number[] | undefined;
  readonly #site: WorkerSite;
  depth = 0;
  ownSeed = "";
  #number = 0;

  constructor(site: WorkerSite, sandbox: Sandbox) {
    this.#site = site;
    this.name = `${sandbox.name}/${site.kernel}`;
    this.sandbox = sandbox;
    this.sha256 = site.sha256;
    this.kernel = site.kernel;
    this.limits = site.limits;
    this.grant = site.grant;
    this.clock = site.clock;
  }

  /** From now on it is this one. */
  begin(depth: number, number: number): void {
    this.depth = depth;
    this.#number = number;
  }

  /** Whether its last item is its seed. */
  get hasOwnSeed(): boolean {
    return this.#site.seed.kind === "item";
  }

  get seed(): string {
    const { seed } = this.#site;
    return seed.kind === "item" ? this.ownSeed : seed.prefix + this.#number.toString(36);
  }
}
