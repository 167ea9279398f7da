// node actor-owner.mjs URL MODULE CLUSTER: makes an actor called "owned", prints its address, and waits.
import { init } from "wray";

const [servers, file, cluster] = process.argv.slice(2);
const wray = await init({ servers: servers!, cluster: cluster! });
const module = await wray.load(file!);
const tally = module.actor("Tally").options({ name: "owned" }).remote();
await wray.get(tally.value!.remote());
console.log(wray.share(tally));
setInterval(() => {}, 1_000);
