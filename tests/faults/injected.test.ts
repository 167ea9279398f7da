import { Host } from "../../host/host.ts";
import { natsBus } from "../../scheduler/bus/nats.ts";
import type { Client } from "../../scheduler/client/client.ts";
import { clientOver } from "../../scheduler/client/connect.ts";
import { jetstreamControl } from "../../scheduler/control/jetstream.ts";
import { subjectsOf } from "../../scheduler/protocol/subjects.ts";
import { faultyBus } from "../../scripts/faults/bus.ts";
import { directRules } from "../../scripts/faults/direct.ts";
import { Faults, faultKinds, type Rule, shownStrike } from "../../scripts/faults/faults.ts";
import { randomOf } from "../../scripts/simulate/random.ts";
import { compileHandles } from "../api/handles.ts";
import { compileProbe } from "../api/modules.ts";
import { compileOnce } from "../kernels/asc.ts";
import { type Cluster, startCluster } from "../support/cluster.ts";
import { assert, rejects, suite, type TestContext } from "../support/index.ts";

const test = suite("injected faults");
/** What a job of all kinds of tasks sends. */
const types = [
  ...["call", "template", "release", "cancel", "taken", "reserve", "unreserve", "bye"],
  ...["result", "value", "item", "reserved", "load", "packet", "ack"],
  ...["heartbeat", "hello", "idle", "object request", "object reply"],
];
/** After so long without a message to its peer, a host acknowledges what it got by a packet of its own. */
const silenceMs = 250;
/** An answer is no question, and has no answer. */
const isPossible = ({ type, fault }: Pick<Rule, "type" | "fault">) =>
  type !== "object reply" || ["lost", "duplicated", "delayed"].includes(fault);
/** How often messages are struck: of all types at once, and of the few that were not struck before. */
const [ofAll, ofFew] = [0.03, 0.25];
const mostJobs = 60;
const patient = { timeoutMs: 240_000 };

let cluster: Cluster;
let probe: string;
let streams: string;
let handles: string;

test.before(async (t) => {
  cluster = await startCluster(t);
  probe = await compileProbe();
  streams = await compileOnce("tests/api/fixtures/streams.ts");
  handles = await compileHandles();
});

/** Two hosts in this process, and how to get a client; each has its own connection, and all are struck by these faults. */
async function startFaulty(t: TestContext, name: string, faults: Faults) {
  const join = async (who: string) => {
    const nats = await natsBus({ servers: cluster.server.url }, who);
    t.after(() => nats.close());
    return { nats, bus: faultyBus(nats, faults), control: await jetstreamControl(nats.connection, name) };
  };
  for (const id of ["a", "b"]) {
    const { bus, control } = await join(`host-${id}`);
    const host = await Host.start({ bus, control, cluster: name, id, cpus: 1 });
    t.after(() => host.stop(0));
  }
  return async (): Promise<Client> => {
    const { nats, bus, control } = await join("client");
    return clientOver(bus, subjectsOf(name), {
      control,
      infeasibleAfterMs: 10_000,
      onShutdown: () => nats.close(),
    });
  };
}

/** A client that does some of everything, and leaves. Returns what came of it, which is the same each time. */
async function job(connect: () => Promise<Client>): Promise<unknown[]> {
  const wray = await connect();
  const [module, yielding] = [await wray.load(probe), await wray.load(streams)];
  const bytes = module.kernel("bytes");
  const large = [0, 1, 2].map((seed) => bytes.remote(300_000, seed));
  const sums = large.map((ref) => module.kernel("checksum").remote(ref));
  wray.free(large);
  const joined = module.kernel("join").remote("a", module.kernel("repeat").remote("b", 3));
  const numbers = [1, 2, 3, 4].map((n) => module.kernel("divide").remote(100, n));
  const spinning = module.kernel("spin").remote();
  await wray.wait([spinning], { timeoutMs: silenceMs });
  wray.cancel(spinning);
  await rejects(wray.get(spinning), "TASK_CANCELLED");
  const counted = yielding.kernel("count").options({ maxUnread: 2 }).stream(6);
  const items: unknown[] = [];
  for await (const ref of counted) items.push(await wray.get(ref));
  const group = await wray.placementGroup([{ cpu: 1 }]);
  const inGroup = await wray.get(module.kernel("divide").options({ group, bundle: 0 }).remote(84, 2));
  group.remove();
  const failed = await rejects(wray.get(module.kernel("fail").remote("no")), "TASK_ERROR");
  const result = [await wray.get([...sums, joined, ...numbers, counted.result]), items, inGroup];
  await wray.shutdown();
  return [...result, failed.message];
}

for (const [index, fault] of faultKinds.entries()) {
  test(
    `nothing is lost and all is right when messages of any type are struck: ${fault}`,
    async (t) => {
      const faults = new Faults({ rules: [], random: randomOf(index) });
      const connect = await startFaulty(t, `m-${fault}`, faults);
      const expected = await job(connect);
      let left = types.filter((type) => isPossible({ type, fault }));
      for (let count = 0; left.length > 0 && count < mostJobs; count++) {
        const probability = count === 0 ? ofAll : ofFew / Math.sqrt(left.length);
        faults.rules = left.map((type) => ({ type, fault, probability }));
        const before = faults.strikes.length;
        const shown = () => faults.strikes.slice(before).map(shownStrike).join("\n");
        assert.equal(await job(connect), expected, shown());
        left = left.filter((type) => !faults.strikes.some((strike) => strike.type === type));
      }
      faults.end();
      assert.equal(left, [], "were never struck");
      assert.equal(await job(connect), expected);
    },
    patient,
  );
}

test(
  "each call of another program's actor is applied once, in order, when messages between the two are struck",
  async (t) => {
    const faults = new Faults({ rules: [], random: randomOf(11) });
    const connect = await startFaulty(t, "handles", faults);
    const [owner, other] = [await connect(), await connect()];
    t.after(() => Promise.all([owner.shutdown(), other.shutdown()]));
    const module = await owner.load(handles);
    const tally = module.actor("Tally").remote();
    const found = await other.getActor(owner.share(tally));
    let total = 0;
    const callAll = async () => {
      const refs = Array.from({ length: 20 }, () => found.add!.remote(1));
      const long = found.text!.remote(20_000);
      assert.equal(
        await other.get(refs),
        refs.map(() => ++total),
      );
      assert.is(((await other.get(long)) as string).length, 20_000);
    };
    await callAll();
    for (const fault of faultKinds) {
      for (const type of ["callActor", "tookResult", "callEnded"]) {
        if (!isPossible({ type, fault })) continue;
        faults.rules = [{ type, fault, probability: 0.3 }];
        const struck = () => faults.strikes.some((strike) => strike.type === type && strike.fault === fault);
        while (!struck()) await callAll();
      }
    }
    faults.end();
    await callAll();
    assert.is(await owner.get(tally.value!.remote()), total);
  },
  patient,
);

test(
  "reply lost on submit: a call that has come and was not acknowledged is sent again, and is done once",
  async (t) => {
    const faults = new Faults({ rules: [], random: randomOf(3) });
    const wray = await (await startFaulty(t, "reply", faults))();
    t.after(() => wray.shutdown());
    const divide = (await wray.load(probe)).kernel("divide");
    faults.rules = [{ type: "call", fault: "replyLost", probability: 0.7 }];
    const numbers = Array.from({ length: 12 }, (_, index) => index + 1);
    for (const number of numbers) assert.is(await wray.get(divide.remote(number * 7, number)), 7);
    assert.ok(faults.strikes.length > 3, `${faults.strikes.length} were struck`);
    const doneCount = wray.nodes().reduce((sum, { tasksRun }) => sum + tasksRun, 0);
    assert.is(doneCount, numbers.length);
    assert.is(wray.stats().tasksRetried, 0);
  },
  patient,
);

test(
  "objects arrive whole when connections between hosts are refused, cut or slow",
  async (t) => {
    const faults = new Faults({ rules: [], random: randomOf(7) });
    const wray = await (await startFaulty(t, "direct", faults))();
    t.after(() => wray.shutdown());
    const module = await wray.load(probe);
    const sumOf = async (seed: number) => {
      const data = module.kernel("bytes").remote(5_000_000, seed);
      const sums = ["a", "b"].map((host) => module.kernel("checksum").options({ host }).remote(data));
      const [here, there] = await wray.get(sums);
      assert.is(here, there);
      return here;
    };
    const expected = await sumOf(1);
    for (const rule of directRules) {
      faults.rules = [{ ...rule, probability: 0.7 }];
      const struck = () =>
        faults.strikes.some(({ type, fault }) => type === rule.type && fault === rule.fault);
      while (!struck()) assert.is(await sumOf(1), expected);
    }
  },
  patient,
);
