import { type Client, init, type ObjectRef } from "wray";
import { type Host, startHost } from "../hosts.ts";
import { barred } from "./bar.ts";
import { startServer } from "./cluster.ts";
import { latency } from "./figures.ts";
import { check } from "./measure.ts";
import type { Context, Suite } from "./suite.ts";

const full = { runCount: 9, links: 20 };
const quick = { runCount: 1, links: 20 };
const values = new Float64Array(20_000).fill(1);

export const recovery: Suite = {
  name: "recovery",
  description: "how soon what a host had is elsewhere when it is lost",

  async *run(context) {
    const { runCount, links } = context.isQuick ? quick : full;
    const servers = await startServer(context);
    for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
      const samplesMs: number[] = [];
      for (let run = 0; run < runCount; run++)
        samplesMs.push(await untilElsewhere(context, servers, `${signal}-${run}`, signal));
      const figure = latency(`${signal} of its host until a task runs elsewhere`, "ms", [samplesMs]);
      yield barred(figure, { of: "p50", atMost: 1_000 });
    }
    const chainsMs: number[] = [];
    for (let run = 0; run < runCount; run++) chainsMs.push(await untilChain(context, servers, run, links));
    const chain = latency(`SIGKILL until a chain of ${links} lost objects is back`, "ms", [chainsMs]);
    yield barred(chain, { of: "p50", atMost: 2_000 });
  },
};

type Cluster = { wray: Client; host(name: string): Promise<Host>; stop(): Promise<void> };

/** A client in a cluster of its own, in which hosts can be started by name. */
async function clusterOf({ start }: Context, servers: string, cluster: string): Promise<Cluster> {
  const wray = await start(
    () => init({ servers, cluster }),
    (wray) => wray.shutdown(),
  );
  const hosts: Host[] = [];
  return {
    wray,
    async host(name) {
      const host = await start(
        () => startHost({ servers, cluster, args: ["--name", name] }),
        (host) => host.kill(),
      );
      hosts.push(host);
      return host;
    },
    async stop() {
      await wray.shutdown();
      for (const host of hosts) await host.kill();
    },
  };
}

/** From the signal until the task says that it has begun on the other host, in ms. */
async function untilElsewhere(
  context: Context,
  servers: string,
  name: string,
  signal: NodeJS.Signals,
): Promise<number> {
  const { wray, host, stop } = await clusterOf(context, servers, name);
  const hosts = [await host("a"), await host("b")];
  const kernel = (await wray.load("build/recovery.wasm")).kernel("forever");
  let begun = () => {};
  const begins = () =>
    new Promise<void>((resolve) => {
      begun = resolve;
    });
  const first = begins();
  kernel.options({ onProgress: () => begun() }).remote();
  await first;
  const { id } = wray.nodes().find(({ tasksPending }) => tasksPending > 0)!;
  const again = begins();
  const startMs = performance.now();
  hosts.find((each) => each.id === id)!.process.kill(signal);
  await again;
  const ms = performance.now() - startMs;
  await stop();
  return ms;
}

/** From the death of the only host until the last of a chain of objects is back from another, in ms. */
async function untilChain(context: Context, servers: string, run: number, links: number): Promise<number> {
  const { wray, host, stop } = await clusterOf(context, servers, `chain-${run}`);
  const only = await host("a");
  const scale = await wray.remote("vector/scale");
  const chain: ObjectRef<Float64Array>[] = [];
  for (let link = 0; link < links; link++) chain.push(scale.remote(chain.at(-1) ?? values, 2));
  await wray.wait(chain, { numReturns: links });
  const last = chain.pop()!;
  wray.free(chain);
  await host("b");
  const startMs = performance.now();
  await only.kill();
  const result = await wray.get(last);
  const ms = performance.now() - startMs;
  check("the chain", result.at(-1), 2 ** links);
  await stop();
  return ms;
}
