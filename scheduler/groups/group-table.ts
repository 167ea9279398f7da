import {
  type HostEntry,
  type HostTable,
  isOpen,
  type PlacedBundle,
  tasksOn,
} from "../placement/host-table.ts";
import type { Selector } from "../placement/labels.ts";
import { GetTimeoutError, InfeasibleTaskError, ShutdownError } from "../protocol/errors.ts";
import type { Resources, ToClient, ToHost } from "../protocol/messages.ts";
import { atMost, minus, type Plan, planBundles, plus, type Strategy } from "./plan.ts";

/** After the first refusal a group waits for about so long, in ms; after each further one twice as long, up to … */
const backoffMs = 2;
const mostBackoffMs = 500;

export type Bundle = PlacedBundle & { readonly need: Resources };

/** What a client wants to have reserved. */
export type GroupRequest = {
  needs: readonly Resources[];
  strategy: Strategy;
  labels?: Selector | undefined;
  /** How long it may take, in ms. Default: for ever. */
  timeoutMs?: number | undefined;
};

export type GroupTableDeps = {
  hosts: HostTable;
  infeasibleAfterMs: number;
  send(hostId: string, message: Extract<ToHost, { kind: "reserve" | "unreserve" }>): void;
  /** Bundles have got their hosts, or lost them. */
  moved(): void;
  nowMs(): number;
  /** Gives numbers from 0 to below 1. */
  random(): number;
};

type Said = Extract<ToClient, { kind: "reserved" }>;

/**
 * The placement groups of a client. A group asks the hosts of a plan for its bundles; unless all of them agree, it gives
 * back what it got and tries anew a random while later, so that of two groups that want the same one gets it. Each host
 * answers at once, and for itself: so nobody holds what he waits with. What is lost with a host is reserved anew.
 */
export class GroupTable {
  readonly #deps: GroupTableDeps;
  readonly #groups = new Map<string, Group>();

  constructor(deps: GroupTableDeps) {
    this.#deps = deps;
  }

  /** Reserves a group, and calls back once: when all of it can be used, or with an error when there is none. */
  add(id: string, request: GroupRequest, ready: (error?: Error) => void): readonly Bundle[] {
    const group = new Group(id, request, this.#deps.nowMs(), ready);
    this.#groups.set(id, group);
    this.#try(group);
    return group.bundles;
  }

  /** Gives back all that a group has; its tasks that wait can't run any more. */
  remove(id: string): void {
    const group = this.#groups.get(id);
    if (group === undefined) return;
    this.#groups.delete(id);
    this.#giveBack(group);
    for (const bundle of group.bundles) bundle.hostId = undefined;
    this.#deps.moved();
  }

  /** Takes in what a host says of a group. */
  told(hostId: string, { group: id, attempt, isHeld }: Said): void {
    const group = this.#groups.get(id);
    if (group === undefined) return;
    const asked = group.asked.get(hostId);
    if (asked === undefined) {
      // A lease that has run out.
      if (!isHeld && group.bundles.some((bundle) => bundle.hostId === hostId)) this.#lost(group, hostId);
      return;
    }
    if (attempt !== group.attempt) return;
    if (!isHeld) {
      group.asked.delete(hostId);
      this.#undo(group);
      group.delay(this.#deps.nowMs(), this.#deps.random());
      return;
    }
    asked.isHeld = true;
    if (![...group.asked.values()].every(({ isHeld }) => isHeld)) return;
    for (const [host, { bundles }] of group.asked) for (const bundle of bundles) bundle.hostId = host;
    group.asked.clear();
    group.triesCount = 0;
    this.#deps.moved();
    group.tell();
  }

  /** A host is gone, or leaves, or has forgotten us. */
  hostLost(hostId: string): void {
    for (const group of this.#groups.values()) {
      if (group.asked.delete(hostId)) this.#undo(group);
      if (group.bundles.some((bundle) => bundle.hostId === hostId)) this.#lost(group, hostId);
    }
  }

  /** Goes on with what waits; to be called now and then, and after hosts have changed. */
  tick(): void {
    const nowMs = this.#deps.nowMs();
    for (const group of this.#groups.values()) {
      if (group.dueMs !== undefined && nowMs >= group.dueMs) this.#fail(group, late(group));
      else if (group.asked.size === 0 && group.isMissing && nowMs >= group.nextMs) this.#try(group);
    }
  }

  close(failure?: Error): void {
    for (const group of this.#groups.values())
      this.#fail(
        group,
        failure ?? new ShutdownError("the client was shut down before the group was reserved"),
      );
  }

  #try(group: Group): void {
    const { hosts, nowMs, random, send } = this.#deps;
    const now = nowMs();
    // All of it has to be on one host: what is left where it was is of no use.
    if (group.strategy === "STRICT_PACK") this.#giveBack(group);
    const missing = group.bundles.filter(({ hostId }) => hostId === undefined);
    const plan: Plan = { ...group.plan, needs: missing.map(({ need }) => need), used: group.used };
    const open = [...hosts].filter((host) => isOpen(host, now));
    // Those that have least to do come first, since what runs there has to end before.
    const orders = new Map(open.map((host) => [host, tasksOn(host) + random()]));
    open.sort((one, other) => orders.get(one)! - orders.get(other)!);
    const sites = (freeOf: (host: HostEntry) => Resources) =>
      open.map((host) => ({ id: host.id, free: freeOf(host), labels: host.labels }));
    const places = planBundles(
      plan,
      sites((host) => host.unreserved ?? host.resources),
    );
    if (places === undefined) {
      const couldBe =
        planBundles(
          plan,
          sites(({ resources }) => resources),
        ) !== undefined;
      group.unableMs = couldBe ? undefined : (group.unableMs ?? now);
      const isLong = group.unableMs !== undefined && now - group.unableMs >= this.#deps.infeasibleAfterMs;
      // One that was ready is tried for as long as it is wanted; its tasks tell what they lack.
      if (isLong && group.isAwaited) this.#fail(group, this.#infeasible(group, missing, open));
      return;
    }
    group.unableMs = undefined;
    group.attempt++;
    for (const [index, hostId] of places.entries()) {
      const asked = group.asked.get(hostId) ?? { bundles: [], isHeld: false };
      group.asked.set(hostId, asked);
      asked.bundles.push(missing[index]!);
    }
    for (const [hostId, { bundles }] of group.asked) {
      const host = hosts.get(hostId)!;
      for (const { need } of bundles) host.unreserved = minus(host.unreserved ?? host.resources, need);
      send(hostId, {
        ...{ kind: "reserve", group: group.id, attempt: group.attempt },
        bundles: bundles.map(({ index, need }) => ({ index, need })),
      });
    }
  }

  /** Not all have agreed: the others get back what they have given. */
  #undo(group: Group): void {
    for (const [hostId, { bundles }] of group.asked) this.#unreserve(group, hostId, bundles);
    group.asked.clear();
  }

  #giveBack(group: Group): void {
    this.#undo(group);
    for (const hostId of new Set(group.used)) {
      const there = group.bundles.filter((bundle) => bundle.hostId === hostId);
      for (const bundle of there) bundle.hostId = undefined;
      this.#unreserve(group, hostId, there);
    }
  }

  #unreserve({ id }: Group, hostId: string, bundles: readonly Bundle[]): void {
    const host = this.#deps.hosts.get(hostId);
    if (host?.unreserved !== undefined) {
      const given = bundles.reduce((sum, { need }) => plus(sum, need), host.unreserved);
      // It may have said before that it had never been asked.
      host.unreserved = atMost(given, host.resources);
    }
    this.#deps.send(hostId, { kind: "unreserve", group: id, indexes: bundles.map(({ index }) => index) });
  }

  #lost(group: Group, hostId: string): void {
    for (const bundle of group.bundles) if (bundle.hostId === hostId) bundle.hostId = undefined;
    this.#deps.moved();
    if (group.asked.size === 0) group.delay(this.#deps.nowMs(), this.#deps.random());
  }

  #fail(group: Group, error: Error): void {
    this.#groups.delete(group.id);
    this.#giveBack(group);
    this.#deps.moved();
    group.tell(error);
  }

  #infeasible(group: Group, bundles: readonly Bundle[], open: readonly HostEntry[]): Error {
    const { strategy, plan } = group;
    const { hosts, infeasibleAfterMs } = this.#deps;
    const nearest = bundles.flatMap(({ index, need }) => {
      const [first] = hosts.lacks({ need, labels: plan.labels });
      return first === undefined || first.lacks.length === 0 ? [] : [{ bundle: index, ...first }];
    });
    const why =
      open.length === 0
        ? "the cluster has no host"
        : nearest.length > 0
          ? nearest
              .slice(0, 3)
              .map(
                ({ bundle, id, lacks }) =>
                  `bundle ${bundle}: host ${id}, the nearest, lacks ${lacks.join(" and ")}`,
              )
              .join("; ")
          : `its ${group.bundles.length} bundles have no room on ${open.length} hosts together`;
    return new InfeasibleTaskError(
      `no hosts can hold the placement group with ${strategy}, after ${infeasibleAfterMs} ms: ${why}`,
      {
        remedy: "Start hosts that offer this, ask for less, or choose another strategy.",
        data: { group: group.id, strategy, nearest: nearest.slice(0, 3) },
      },
    );
  }
}

class Group {
  readonly id: string;
  readonly strategy: Strategy;
  readonly plan: Pick<Plan, "strategy" | "labels">;
  readonly bundles: readonly Bundle[];
  /** When it counts as too late; undefined once it was ready. */
  dueMs: number | undefined;
  /** Of what was asked of hosts; answers to what was asked before are late. */
  attempt = 0;
  /** The hosts that are asked now, and what they have said. */
  readonly asked = new Map<string, { bundles: Bundle[]; isHeld: boolean }>();
  triesCount = 0;
  nextMs = 0;
  /** Since when even empty hosts could not hold it. */
  unableMs: number | undefined;
  #ready: ((error?: Error) => void) | undefined;

  constructor(
    id: string,
    { needs, strategy, labels, timeoutMs }: GroupRequest,
    nowMs: number,
    ready: (error?: Error) => void,
  ) {
    this.id = id;
    this.strategy = strategy;
    this.plan = { strategy, labels };
    this.bundles = needs.map((need, index) => ({ group: id, index, need, hostId: undefined }));
    this.dueMs = timeoutMs === undefined ? undefined : nowMs + timeoutMs;
    this.#ready = ready;
  }

  get isMissing(): boolean {
    return this.bundles.some(({ hostId }) => hostId === undefined);
  }

  get used(): string[] {
    return this.bundles.flatMap(({ hostId }) => hostId ?? []);
  }

  delay(nowMs: number, chance: number): void {
    this.nextMs = nowMs + (0.5 + chance) * Math.min(backoffMs * 2 ** this.triesCount++, mostBackoffMs);
  }

  /** Whether whoever wants it has not heard yet that it is ready. */
  get isAwaited(): boolean {
    return this.#ready !== undefined;
  }

  tell(error?: Error): void {
    this.dueMs = undefined;
    this.#ready?.(error);
    this.#ready = undefined;
  }
}

const late = ({ id, strategy, bundles }: Group) =>
  new GetTimeoutError(`the placement group's ${bundles.length} bundles were not free in time`, {
    remedy: "Wait longer, or ask for less.",
    data: { group: id, strategy },
  });
