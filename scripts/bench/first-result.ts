// node first-result.mjs embedded | thread | cluster <servers> | request <servers>
// Prints how many ms a program that has just begun needs to its first result: with wray, or with the bare means.
import { init } from "wray";
import { connectPeer } from "./bare/peer.ts";
import { startEchoThread } from "./bare/thread.ts";
import { emptyTask } from "./cluster.ts";
import { elapsedMs } from "./measure.ts";

const [means, servers = ""] = process.argv.slice(2);

async function firstTask(wray: Awaited<ReturnType<typeof init>>): Promise<void> {
  await (await emptyTask(wray))(0);
}

const ms = await elapsedMs(async () => {
  switch (means) {
    case "embedded":
      return firstTask(await init());
    case "cluster":
      return firstTask(await init({ servers }));
    case "thread":
      return startEchoThread().call(0);
    case "request":
      return (await connectPeer(servers)).request(0);
    default:
      throw new Error(`there is no ${means}`);
  }
});
process.stdout.write(String(ms), () => process.exit());
