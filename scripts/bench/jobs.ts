import { connect, RetentionPolicy, StorageType } from "nats";
import { startHost } from "../hosts.ts";
import { startClient, startServer } from "./cluster.ts";
import { values } from "./figures.ts";
import { byTurns, callsPerSecond, check } from "./measure.ts";
import type { Suite } from "./suite.ts";

const full = { turnCount: 5, submitCount: 5_000, jobCount: 3_000, outstanding: 500 };
const quick = { turnCount: 2, submitCount: 50, jobCount: 50, outstanding: 10 };

export const jobs: Suite = {
  name: "jobs",
  description: "jobs that outlive their program: submitted, and done",

  async *run(context) {
    const { turnCount, submitCount, jobCount, outstanding } = context.isQuick ? quick : full;
    const servers = await startServer(context);
    const nats = await context.start(
      () => connect({ servers }),
      (nats) => nats.close(),
    );
    const manager = await nats.jetstreamManager();
    // As wray's own stream, but for what only that needs.
    const bare = { retention: RetentionPolicy.Workqueue, storage: StorageType.File };
    await manager.streams.add({ ...bare, name: "bare", subjects: ["bare.*"] });
    const jetstream = nats.jetstream();
    const payload = new Uint8Array(200);
    let bareIndex = 0;
    const publish = async () => {
      const ack = await jetstream.publish(`bare.${bareIndex++}`, payload);
      check("the stream", ack.stream, "bare");
    };

    const host = await context.start(
      () => startHost({ servers }),
      (host) => host.stop(),
    );
    const wray = await startClient(context, servers);
    const add = (await wray.remote("math/add")).options({ durable: true });
    const run = async (index: number) => {
      check("math/add", await (await add.submit(index, 1)).result(), index + 1);
    };
    const measurePublish = () => callsPerSecond(submitCount, outstanding, publish);
    const name = "JetStream publish with ack";
    await callsPerSecond(jobCount, outstanding, run);
    const done = await byTurns(turnCount, () => callsPerSecond(jobCount, outstanding, run), {
      name,
      measure: measurePublish,
    });
    yield values(`jobs submitted and done, ${outstanding} outstanding`, "1/s", turnCount * jobCount, done);

    // Nobody takes these out, so that submitting them is all that is measured.
    await host.stop();
    const submit = async () => void (await add.submit(1, 1));
    await callsPerSecond(submitCount, outstanding, submit);
    const submitted = await byTurns(turnCount, () => callsPerSecond(submitCount, outstanding, submit), {
      name,
      measure: measurePublish,
    });
    yield values(`jobs submitted, ${outstanding} outstanding`, "1/s", turnCount * submitCount, submitted);
  },
};
