import type { ActorPlan } from "../../actors/actor-entry.ts";
import type { TaskTemplate } from "../../dataflow/pending-task.ts";
import { type ActorAddress, addressText } from "../../protocol/actor-address.ts";
import type { ActorPart } from "../../protocol/messages.ts";
import type { Encoded } from "../../protocol/value.ts";
import type { ActorLink, ActorSpec } from "../backend.ts";
import type { BusHandle } from "../bus-handle.ts";
import { bundleOf } from "../placement-group.ts";
import { limitsIn } from "../task-options.ts";
import type { Actors } from "./actors.ts";
import { notInGang } from "./not-in-gang.ts";

/** How often what makes an actor is sent to another host when one dies before it is done. */
const makeRetries = 3;

type BusActorFacts = {
  actors: Actors;
  address: ActorAddress;
  handle: BusHandle;
  /** Whether it was made to outlive this client; then its address does not tell. */
  isDetached: boolean;
};

/** An actor of a cluster, of this client or of another. */
export class BusActor implements ActorLink {
  /** Of the object that stands for it, and is held by it: without any such, the actor ends. */
  readonly handle: BusHandle;
  readonly call: ActorLink["call"];
  readonly #actors: Actors;
  readonly #address: ActorAddress;
  readonly #isDetached: boolean;

  constructor({ actors, address, handle, isDetached }: BusActorFacts, call: ActorLink["call"]) {
    this.#actors = actors;
    this.#address = address;
    this.#isDetached = isDetached;
    this.handle = handle;
    this.call = call;
  }

  get address(): string {
    return addressText(this.#address);
  }

  get host(): string | undefined {
    return this.#actors.hostOf(this.#address);
  }

  checkGang(): void {
    if (this.#isDetached) throw notInGang(this.#address, "it is detached");
    this.#actors.checkGang(this.#address);
  }

  kill(): void {
    this.#actors.kill(this.#address);
  }

  move(hostId: string): void {
    this.#actors.move(this.#address, hostId);
  }
}

/**
 * How an actor of this id is made and called.
 * @param seed what its random numbers follow from. Default: its id
 */
export function planOf(
  id: string,
  label: string,
  { module, actor, options }: Pick<ActorSpec, "actor" | "options"> & { module: { sha256: string } },
  args: readonly (Encoded | string)[],
  seed?: string,
): ActorPlan {
  const { grant, maxConcurrency, maxRestarts = 0, maxTaskRetries = 0, maxPendingCalls, checkpoint } = options;
  const { resources, group, bundle: index = 0 } = options;
  const need = resources ?? (group && {});
  const bundle = group && bundleOf(group, index, need!);
  const limits = limitsIn(options);
  const common = {
    ...(Object.keys(limits).length > 0 && { limits }),
    ...(grant && { grant: [...grant] }),
  };
  const kept = {
    ...(need && { need }),
    ...(bundle && { bundle: { group: bundle.group, index } }),
  };
  const template = (name: string, part: Omit<ActorPart, "id">, host?: string): TaskTemplate => ({
    ...{ label: name, module: module.sha256, kernel: actor.name, maxRetries: makeRetries },
    options: {
      ...common,
      actor: { id, ...part, ...(maxConcurrency && { maxConcurrency }), ...(seed && { seed }) },
    },
    ...(host !== undefined && { where: { host } }),
  });
  /** What makes it takes what it has of its host. */
  const making = (does: "make" | "restore", host?: string): TaskTemplate => {
    const made = template(label, { does }, host);
    return { ...made, bundle, options: { ...made.options, ...kept } };
  };
  const methods = actor.methods.map(({ name }, nth) =>
    template(`${label}.${name}`, { does: "call", method: nth + 1 }),
  );
  const [save, take] = [template(label, { does: "save" }), template(label, { does: "take" })];
  return {
    ...{ label, maxRestarts, maxTaskRetries, maxConcurrency: maxConcurrency ?? 1, need },
    of: { sha256: module.sha256, actor: actor.name },
    isBundled: bundle !== undefined,
    methods: actor.methods.map(({ name }) => name),
    making: (from) =>
      from === undefined
        ? { template: making("make"), args }
        : { template: making("restore", from.hostId), args: [from.state] },
    templateOf: (what) => (what === "save" ? save : what === "take" ? take : methods[what - 1]!),
    reads: (method) => actor.methods[method - 1]!.readonly === true,
    maxPendingCalls: maxPendingCalls ?? Number.POSITIVE_INFINITY,
    checkpoint: checkpoint && {
      everyCalls: checkpoint.everyCalls ?? Number.POSITIVE_INFINITY,
      everyMs: checkpoint.everyMs ?? Number.POSITIVE_INFINITY,
    },
  };
}
