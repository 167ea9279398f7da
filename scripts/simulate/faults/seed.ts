import { publishShipped } from "../../../host/shipped.ts";
import { memoryControl } from "../../../scheduler/control/memory.ts";
import { Faults, faultKinds, type Rule, type Strike } from "../../faults/faults.ts";
import { toClientTypes, toHostTypes, wholeTypes } from "../../faults/message-types.ts";
import { Cluster, infeasibleAfterMs } from "./cluster.ts";
import { enter } from "./globals.ts";
import {
  fencedResults,
  leftObjects,
  leftTimers,
  negativeCounts,
  takenResources,
  wrongOutcomes,
} from "./invariants.ts";
import { type Mishap, Mishaps } from "./mishaps.ts";
import { Program } from "./program.ts";
import { shownTask } from "./task.ts";
import { watchInsides } from "./watch.ts";
import { World } from "./world.ts";

/** What became of the run of one seed. */
export type SeedReport = {
  seed: number;
  /** What is not as it has to be; empty when all is well. */
  broken: string[];
  hash: string;
  hostCount: number;
  taskCount: number;
  failedCount: number;
  eventCount: number;
  simulatedMs: number;
  rules: readonly Rule[];
  strikes: readonly Strike[];
  mishaps: readonly Mishap[];
};

export type SeedOptions = {
  /** Is told of each event. */
  onEvent?: (what: string) => void;
};

/** How long it may take, once the faults are over, until … all tasks have ended; what is left is cleaned up; and the rest. */
const [outcomesMs, cleanMs, settleMs] = [45_000, 75_000, 20_000];
/** After so long in which no packet with messages was sent, all that were sent are acknowledged. */
const quietMs = 1_200;
/** How likely faults are at most: not so likely for heartbeats that a host counts as dead for no other reason. */
const [mostOfBeats, mostOfOthers] = [0.05, 0.3];
const everyManyHosts = 20;
const manyHosts = 50;

/** Runs a cluster with the faults of a seed, and looks whether all is as it has to be. */
export async function runSeed(seed: number, { onEvent }: SeedOptions = {}): Promise<SeedReport> {
  // What takes a thread of its own is done before.
  await publishShipped(memoryControl());
  const world = new World(seed);
  const leave = enter(world);
  const insides = watchInsides(world);
  if (onEvent !== undefined) world.onEvent = onEvent;
  try {
    const random = world.chance("scenario");
    const below = (limit: number) => Math.floor(limit * random());
    const rules = rulesOf(random);
    const faults = new Faults({ rules, random: world.chance("faults"), nowMs: () => world.nowMs });
    const cluster = new Cluster(world, faults);
    const mishaps = new Mishaps(cluster, world.chance("mishaps"));
    const isLarge = seed % everyManyHosts === everyManyHosts - 1;
    const hostCount = isLarge ? manyHosts : 3 + below(10) * (random() < 0.5 ? 0 : 1) + below(2);
    cluster.crashProbability = random() < 0.5 ? 0 : 0.05 * random();
    for (let left = hostCount; left > 0; left--) mishaps.startHost();
    const faultyMs = isLarge ? 600 : 300 + below(2_000);
    const programs: Program[] = [];
    for (let index = 0, count = isLarge ? 1 : 1 + below(4); index < count; index++) {
      const client = cluster.startClient();
      const program = new Program(world, client, world.chance(`program ${index}`), () => programs);
      for (let left = 3 + below(8); left > 0; left--)
        world.message(client.process, 10 + random() * faultyMs, "work", () => program.work());
      programs.push(program);
    }
    const mishapCount = random() < 0.3 ? 0 : 1 + below(6);
    for (let left = mishapCount; left > 0; left--)
      world.message(world.outside, 20 + random() * faultyMs, "mishap", () => mishaps.strike());

    await world.run(faultyMs + 20);
    faults.end();
    cluster.crashProbability = 0;
    mishaps.startHost();
    await world.run(Math.max(mishaps.healedMs - world.nowMs, 0));

    // Of who has ended, nobody waits for anything.
    const lasting = programs.filter(({ client }) => cluster.liveClients.includes(client));
    const broken = await settle(world, cluster, lasting);
    const tasks = lasting.flatMap(({ submitted }) => submitted);
    broken.push(...wrongOutcomes(tasks, { ...mishaps.causes, crashes: cluster.crashes }));
    for (const { wrongGroups } of lasting) broken.push(...wrongGroups);
    broken.push(
      ...fencedResults(cluster, insides, tasks),
      ...negativeCounts(insides),
      ...insides.brokenLeases,
    );
    for (const crash of world.crashes) broken.push(`a process has crashed: ${shownCrash(crash)}`);
    return {
      ...{ seed, broken, hash: world.hash, hostCount, taskCount: tasks.length, rules },
      failedCount: tasks.filter(({ error }) => error !== undefined).length,
      ...{ eventCount: world.eventCount, simulatedMs: world.nowMs },
      ...{ strikes: faults.strikes, mishaps: mishaps.list },
    };
  } finally {
    leave();
    insides.close();
  }

  function rulesOf(random: () => number): Rule[] {
    const types = [...toHostTypes, ...toClientTypes, ...wholeTypes];
    const count = Math.floor(8 * random());
    return Array.from({ length: count }, () => {
      const type = types[Math.floor(types.length * random())]!;
      const fault = faultKinds[Math.floor(faultKinds.length * random())]!;
      return { type, fault, probability: (type === "heartbeat" ? mostOfBeats : mostOfOthers) * random() };
    });
  }
}

/** Lets everything come to its end, step by step. Returns what does not. */
async function settle(world: World, cluster: Cluster, programs: readonly Program[]): Promise<string[]> {
  const until = async (mostMs: number, left: () => string[] | Promise<string[]>): Promise<string[]> => {
    const endMs = world.nowMs + mostMs;
    for (let stepMs = 50; ; stepMs = Math.min(stepMs * 1.5, 2_000)) {
      let found: string[] | undefined;
      void Promise.resolve(left()).then((now) => {
        found = now;
      });
      await world.run(stepMs);
      if (found?.length === 0 || world.nowMs > endMs) return found ?? ["nobody answers"];
    }
  };
  const tasks = () => programs.flatMap(({ submitted }) => submitted);
  const unended = () => [
    ...tasks()
      .filter(({ endCount, isFetched }) => endCount === 0 || !isFetched)
      .map((task) => `${shownTask(task)}: has no outcome`),
    ...programs
      .filter(({ busyCount }) => busyCount > 0)
      .map(({ client, busyCount }) => `${client.process.name} waits for ${busyCount} streams or groups`),
  ];
  const broken = await until(outcomesMs + infeasibleAfterMs, unended);
  if (broken.length > 0) return broken;

  for (const program of programs) world.within(program.client.process, () => program.dropAll());
  broken.push(...(await until(settleMs, () => takenResources(cluster))));
  broken.push(...(await until(cleanMs, () => leftObjects(cluster))));
  if (broken.length > 0) return broken;

  const isBusy = () =>
    world.nowMs - cluster.busyMs < quietMs ? [`there is no end of packets: ${cluster.busyWith}`] : [];
  // A host goes on with a session that its client has given up, until it has not heard of the client for a minute.
  broken.push(...(await until(cleanMs, isBusy)));

  const prober = cluster.startClient();
  const program = new Program(world, prober, world.chance("probes"));
  await world.run(500);
  const probes = cluster.liveHosts.map(({ id, cpus, resources }) =>
    world.within(prober.process, () => program.probe(id, { ...resources, cpu: cpus })),
  );
  const unprobed = () =>
    probes
      .filter(({ endMs }) => endMs === undefined)
      .map((probe) => `not all of a host is free: ${shownTask(probe)}`);
  broken.push(...(await until(settleMs, unprobed)));
  broken.push(...wrongOutcomes(probes, { losses: [], absences: [], leaveCount: 0, crashes: new Map() }));

  for (const client of cluster.clients) cluster.stopClient(client);
  await world.run(20);
  for (const host of cluster.liveHosts) cluster.stopHost(host, 100);
  const unleft = () =>
    cluster.hosts
      .filter(({ process, hasLeft }) => process.state === "running" && !hasLeft)
      .map(({ process }) => `${process.name} does not leave`);
  broken.push(...(await until(settleMs, unleft)));
  // Waits that were under way may go on until they are over.
  broken.push(...(await until(settleMs, () => leftTimers(cluster))));
  return broken;
}

const shownCrash = (crash: unknown): string =>
  crash instanceof Error ? (crash.stack ?? crash.message) : String(crash);
