import { findActor } from "../scheduler/manifest/check.ts";
import { checkGrant } from "../scheduler/manifest/check-limits.ts";
import { defaultNeed, keyOf } from "../scheduler/placement/resources.ts";
import { type Capability, defaultGrant, defaultLimits, type Limits } from "../scheduler/protocol/limits.ts";
import { signatureOf } from "../scheduler/protocol/manifest.ts";
import type {
  ActorPart,
  BundleName,
  GangPlace,
  Resources,
  Template,
} from "../scheduler/protocol/messages.ts";
import { checkMemory } from "./check-memory.ts";
import type { LoadedModule, ModuleSource } from "./modules.ts";
import type { CallPool } from "./pool/pool.ts";
import type { Site } from "./pool/site.ts";
import type { SeedSource } from "./worker/messages.ts";

/** What calls of one owner have in common, looked up and checked once for all of them. */
export class CallTemplate {
  readonly owner: string | undefined;
  readonly sha256: string;
  readonly kernel: string;
  readonly limits: Limits;
  readonly grant: readonly Capability[];
  readonly clock: readonly number[] | undefined;
  readonly depth: number;
  readonly need: Resources;
  readonly priority: number;
  readonly stream: number | undefined;
  readonly bundle: BundleName | undefined;
  /** The actor that its calls make or call. */
  readonly actor: ActorPart | undefined;
  /** Whether what it takes is the actor's that it makes, for as long as that is there. */
  readonly keepsNeed: boolean;
  /** Which member of a gang its call is. */
  readonly gang: GangPlace | undefined;
  /** Its owner does not run it again when it is ended. */
  readonly isOnce: boolean;
  /** The same for the same need. */
  readonly shape: string;
  /** Its calls that have ended since its owner was told, and how long they ran together, in ms. */
  ranCount = 0;
  ranMs = 0;
  #module: LoadedModule | undefined;
  #label = "";
  #isGpu = false;
  readonly #timedAs: string | undefined;
  readonly #sites: { [Kind in SeedSource["kind"]]?: Site } = {};

  constructor(template: Template, owner: string | undefined) {
    const {
      module,
      kernel,
      limits,
      grant,
      clock,
      depth = 0,
      need = defaultNeed,
      priority = 0,
      stream,
      bundle,
      actor,
      gang: size = 0,
      once = false,
      timedAs,
    } = template;
    this.owner = owner;
    this.sha256 = module;
    this.kernel = kernel;
    this.limits = { ...defaultLimits, ...limits };
    this.grant = grant ?? defaultGrant;
    this.clock = clock;
    this.depth = depth;
    this.keepsNeed = template.need !== undefined && (actor?.does === "make" || actor?.does === "restore");
    const isPlain = !this.keepsNeed && keyOf(need) === keyOf(defaultNeed);
    this.need = isPlain ? defaultNeed : need;
    this.bundle = bundle;
    this.actor = actor;
    this.gang =
      bundle === undefined || bundle.index >= size
        ? actor?.gang
        : { group: bundle.group, rank: bundle.index, size };
    this.isOnce = once;
    this.#timedAs = timedAs;
    const place = bundle === undefined ? "" : `${bundle.group} ${bundle.index} `;
    this.shape = place + (isPlain ? "" : `${this.keepsNeed ? "kept " : ""}${keyOf(need)}`);
    this.priority = priority;
    this.stream = stream;
  }

  /** Whether calls can be made at once. */
  get isReady(): boolean {
    return this.#module !== undefined;
  }

  /** Once it is ready. */
  get module(): LoadedModule {
    return this.#module!;
  }

  /** `module/function`, once it is ready. */
  get label(): string {
    return this.#label;
  }

  /** Whether its calls run on the GPU, once it is ready. */
  get isGpu(): boolean {
    return this.#isGpu;
  }

  /** What its run times are told by, once it is ready. */
  get timedAs(): string {
    return this.#timedAs ?? this.#label;
  }

  /** Gets the module here. @throws when there is none, or its calls can't be made on this host */
  async prepare(modules: ModuleSource, maxMemoryBytes: number): Promise<void> {
    const module = await modules.get(this.sha256);
    const label = `${module.manifest.module}/${this.kernel}`;
    if (this.actor !== undefined) findActor(module.manifest, this.kernel);
    checkGrant(label, module.needs, this.grant);
    checkMemory(label, this.limits.memoryBytes, maxMemoryBytes);
    this.#isGpu = signatureOf(module.manifest, this.kernel)?.gpu !== undefined;
    this.#label = label;
    this.#module = module;
  }

  /** Where its calls are made, those with a seed of their own, or those whose seed is their id. */
  siteIn(pool: CallPool, seed: SeedSource["kind"]): Site {
    const known = this.#sites[seed];
    if (known !== undefined && !known.isForgotten) return known;
    const { module, kernel, limits, grant, clock, stream, gang } = this;
    const source: SeedSource = seed === "item" ? { kind: seed } : { kind: seed, prefix: `${this.owner}-` };
    const facts = { module, kernel, limits, grant, clock, stream, gang, isMap: false, seed: source };
    const site = pool.site(this.actor === undefined ? facts : { ...facts, isActor: true });
    this.#sites[seed] = site;
    return site;
  }
}
