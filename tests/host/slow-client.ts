// node slow-client.mjs URL MODULE: submits far more than a host takes at once, of results that just fit a message.
import { init, type ObjectRef } from "wray";

const [servers, module] = process.argv.slice(2);
const wray = await init({ servers: servers! });
const bytes = (await wray.load(module!)).kernel("bytes");
const count = 200_000;
let rightCount = 0;
let refs: ObjectRef<Uint8Array>[] = [];
for (let index = 0; index < count; index++) refs.push(bytes.remote(1_000, index) as ObjectRef<Uint8Array>);
await wray.wait(refs, { numReturns: 100 });
console.log("begun");
for (const [index, ref] of refs.entries()) {
  const value = await wray.get(ref);
  if (value.length === 1_000 && value[1] === ((31 + index) & 0xff)) rightCount++;
}
refs = [];
console.log(`all ${rightCount} are right`);
await wray.shutdown();
