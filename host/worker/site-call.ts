import type { Capability, Limits } from "../../scheduler/protocol/limits.ts";
import type { GangPlace } from "../../scheduler/protocol/messages.ts";
import { decodeValue } from "../../scheduler/protocol/value.ts";
import { MapKernel } from "./map-kernel.ts";
import type { WorkerCall, WorkerSite } from "./messages.ts";
import { NumberKernel } from "./number-kernel.ts";
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
  readonly isMap: boolean;
  readonly isActor: boolean;
  readonly stream: number | undefined;
  readonly gang: GangPlace | undefined;
  /** Whether its last item is its seed. */
  readonly hasOwnSeed: boolean;
  /** Runs calls with numbers only; undefined when the kernel is not for these. */
  readonly numbers: NumberKernel | undefined;
  /** Runs maps, when its calls are such. */
  readonly map: MapKernel | undefined;
  depth = 0;
  /** Which one it is of a map or of an actor, from 0; -1 when it is none. */
  element = -1;
  readonly #site: WorkerSite;
  readonly #slots: Uint8Array;
  #number = 0;
  #seedAt = 0;
  #seedBytes = 0;

  /** @param slots the memory that slots lie in */
  constructor(site: WorkerSite, sandbox: Sandbox, slots: Uint8Array) {
    this.#site = site;
    this.#slots = slots;
    this.name = `${sandbox.name}/${site.kernel}`;
    this.sandbox = sandbox;
    this.sha256 = site.sha256;
    this.kernel = site.kernel;
    this.limits = site.limits;
    this.grant = site.grant;
    this.clock = site.clock;
    this.isMap = site.isMap;
    this.stream = site.stream;
    this.gang = site.gang;
    this.hasOwnSeed = site.seed.kind === "item";
    this.isActor = site.isActor ?? false;
    this.numbers = site.isMap || this.isActor ? undefined : NumberKernel.of(this, sandbox);
    this.map = site.isMap ? new MapKernel(this, sandbox) : undefined;
  }

  /** From now on it is this one. */
  begin(depth: number, number: number): void {
    this.depth = depth;
    this.#number = number;
  }

  /** Where its own seed is. It is read only when somebody asks for it, while the call runs. */
  seedIn(at: number, byteLength: number): void {
    this.#seedAt = at;
    this.#seedBytes = byteLength;
  }

  get seed(): string {
    const { seed } = this.#site;
    const whole = seed.kind === "item" ? this.#ownSeed : seed.prefix + this.#number.toString(36);
    return this.element < 0 ? whole : `${whole}.${this.element}`;
  }

  get #ownSeed(): string {
    return decodeValue(this.#slots.subarray(this.#seedAt, this.#seedAt + this.#seedBytes)) as string;
  }
}
