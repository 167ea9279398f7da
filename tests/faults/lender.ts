// node lender.mjs URL MODULE CLUSTER: shares refs, one on each line it prints, and waits until it is told on stdin what to do.
import { createInterface } from "node:readline";
import { init } from "wray";

const [servers, module, cluster] = process.argv.slice(2);
const wray = await init({ servers: servers!, cluster: cluster! });
const probe = await wray.load(module!);
const refs = {
  small: probe.kernel("join").remote("a", "b"),
  large: probe.kernel("bytes").remote(500_000, 1),
  put: wray.put(new Uint8Array(500_000).fill(7)),
  failing: probe.kernel("fail").remote("on purpose"),
  outer: wray.put({ inner: probe.kernel("join").remote("in", "side") }),
  endless: probe.kernel("spin").remote(),
  waiting: wray.put(0),
};
refs.waiting = probe.kernel("defaults").remote(refs.endless) as typeof refs.waiting;
for (const [name, ref] of Object.entries(refs)) console.log(`${name} ${wray.share(ref)}`);
for await (const line of createInterface({ input: process.stdin })) {
  if (line === "free") {
    wray.cancel(refs.endless);
    wray.free(Object.values(refs));
    console.log("freed");
  } else if (line === "shutdown") {
    await wray.shutdown();
    process.stdin.destroy();
  }
}
