import type { ActorPlan } from "../actors/actor-table.ts";
import type { TaskTemplate } from "../dataflow/pending-task.ts";
import type { Encoded } from "../protocol/value.ts";
import { limitsIn } from "./actor-options.ts";
import type { ActorLink, ActorSpec } from "./backend.ts";
import type { BusHandle } from "./bus-handle.ts";

/** How often what makes an actor is sent to another host when one dies before it is done. */
const makeRetries = 3;

/** What an actor's link does. */
export type BusActorDeps = {
  call(method: number, args: readonly unknown[]): BusHandle;
  kill(): void;
  /** The program has let go of it. */
  release(): void;
};

const dropped = new FinalizationRegistry<() => void>((release) => release());

/** An actor of a cluster. */
export class BusActor implements ActorLink {
  readonly id: string;
  readonly call: BusActorDeps["call"];
  readonly kill: BusActorDeps["kill"];

  constructor(id: string, { call, kill, release }: BusActorDeps) {
    this.id = id;
    this.call = call;
    this.kill = kill;
    dropped.register(this, release);
  }
}

/** How an actor of this id is made and called. */
export function planOf(
  id: string,
  label: string,
  { module, actor, options }: ActorSpec,
  args: readonly (Encoded | string)[],
): ActorPlan {
  const { grant, maxConcurrency, maxRestarts = 0, maxTaskRetries = 0, maxPendingCalls } = options;
  const limits = limitsIn(options);
  const common = {
    ...(Object.keys(limits).length > 0 && { limits }),
    ...(grant && { grant: [...grant] }),
  };
  const templates: TaskTemplate[] = [];
  const templateOf = (method: number, name = label): TaskTemplate => {
    templates[method] ??= {
      ...{ label: name, module: module.sha256, kernel: actor.name, maxRetries: makeRetries },
      options: { ...common, actor: { id, method, ...(maxConcurrency && { maxConcurrency }) } },
    };
    return templates[method];
  };
  return {
    ...{ label, maxRestarts, maxTaskRetries },
    submission: { template: templateOf(0), args },
    templateOf: (method) => templateOf(method, `${label}.${actor.methods[method - 1]!.name}`),
    maxPendingCalls: maxPendingCalls ?? Number.POSITIVE_INFINITY,
  };
}
