// node submitter.mjs URL MODULE ID [ROUNDS]: publishes a job and walks away, without a word to anyone.
import { init } from "wray";

const [servers, module, id, rounds = "1"] = process.argv.slice(2);
const wray = await init({ servers: servers! });
const probe = await wray.load(module!);
const job = await probe
  .kernel("busy")
  .options({ durable: true, id: id! })
  .submit(`job ${id}`, Number(rounds));
console.log(`submitted ${job.id}`);
process.exit(0);
