import { arrive } from "./arrivals.ts";
import { Events } from "./events.ts";
import { randomOf } from "./random.ts";
import { Tally } from "./tally.ts";
import { delayMs, type Outcome, type Scenario, type SimTask, speedOf } from "./workload.ts";

/** What others do, and what nobody can do, with the same tasks at the same times. Their hosts don't die. */
export const baselines = {
  "random host": randomHost,
  "ideal central queue": centralQueue,
  "late binding, 2 probes": lateBinding,
} satisfies Record<string, (scenario: Scenario) => Outcome>;

/** Some slots that run one task at a time each, and what waits for them. */
class Slots {
  readonly queue: SimTask[] = [];
  free: number;
  constructor(free: number) {
    this.free = free;
  }
}

function start(scenario: Scenario) {
  const events = new Events();
  const tally = new Tally(scenario);
  const random = randomOf(scenario.seed + 1);
  const delay = () => delayMs(random);
  const run = (task: SimTask, host: number, ended: () => void) => {
    tally.begun(task, events.nowMs);
    const ms = task.runMs / speedOf(scenario, host);
    events.after(ms, () => {
      tally.ended(ms, events.nowMs);
      ended();
    });
  };
  const finish = (submit: (task: SimTask) => void) => {
    arrive(scenario, events, (task) => {
      tally.submitted();
      submit(task);
    });
    events.runWhile(() => true);
    return tally.outcome();
  };
  return { events, tally, random, delay, run, finish };
}

/** A queue group: any host, whatever it has to do. */
function randomHost(scenario: Scenario): Outcome {
  const { events, tally, random, delay, run, finish } = start(scenario);
  const hosts = Array.from({ length: scenario.hostCount }, () => new Slots(scenario.slots));
  const fill = (host: number) => {
    const { queue } = hosts[host]!;
    while (hosts[host]!.free > 0 && queue.length > 0) {
      hosts[host]!.free--;
      run(queue.shift()!, host, () => {
        hosts[host]!.free++;
        fill(host);
      });
    }
  };
  return finish((task) => {
    tally.messages("all", events.nowMs);
    const host = Math.floor(random() * hosts.length);
    events.after(delay(), () => {
      hosts[host]!.queue.push(task);
      fill(host);
    });
  });
}

/**
 * One queue for all: it knows at no cost what is free, with no more delay than its messages have. Nobody can have it,
 * as one process can't take in all messages of many hosts.
 */
function centralQueue(scenario: Scenario): Outcome {
  const { events, tally, delay, run, finish } = start(scenario);
  // The fastest hosts first, as it knows them.
  const free = new Map<number, number[]>();
  for (const speed of [...new Set(scenario.speeds)].sort((one, other) => other - one)) free.set(speed, []);
  for (let host = 0; host < scenario.hostCount; host++)
    for (let slot = 0; slot < scenario.slots; slot++) free.get(speedOf(scenario, host))!.push(host);
  const queue: SimTask[] = [];
  let head = 0;
  const fill = () => {
    while (head < queue.length) {
      const host = [...free.values()].find(({ length }) => length > 0)?.pop();
      if (host === undefined) return;
      const task = queue[head++]!;
      tally.messages("all", events.nowMs);
      events.after(delay(), () =>
        run(task, host, () => {
          events.after(delay(), () => {
            free.get(speedOf(scenario, host))!.push(host);
            fill();
          });
        }),
      );
    }
  };
  return finish((task) => {
    tally.messages("all", events.nowMs);
    events.after(delay(), () => {
      queue.push(task);
      fill();
    });
  });
}

/**
 * Probes wait in the queues of two random hosts, and the first that comes up gets the task.
 * Source: K. Ousterhout et al., "Sparrow: Distributed, Low Latency Scheduling", 2013.
 */
function lateBinding(scenario: Scenario): Outcome {
  const { events, tally, random, delay, run, finish } = start(scenario);
  type Probe = { task: SimTask; isTaken: boolean };
  const hosts = Array.from({ length: scenario.hostCount }, () => ({
    free: scenario.slots,
    probes: [] as Probe[],
  }));
  const fill = (number: number) => {
    const host = hosts[number]!;
    while (host.free > 0 && host.probes.length > 0) {
      host.free--;
      const probe = host.probes.shift()!;
      const isFree = () => {
        host.free++;
        fill(number);
      };
      tally.messages("all", events.nowMs);
      events.after(delay(), () => {
        const isFirst = !probe.isTaken;
        probe.isTaken = true;
        tally.messages("all", events.nowMs);
        events.after(delay(), () => (isFirst ? run(probe.task, number, isFree) : isFree()));
      });
    }
  };
  return finish((task) => {
    const probe: Probe = { task, isTaken: false };
    for (let count = 0; count < 2; count++) {
      const number = Math.floor(random() * hosts.length);
      tally.messages("all", events.nowMs);
      events.after(delay(), () => {
        hosts[number]!.probes.push(probe);
        fill(number);
      });
    }
  });
}
