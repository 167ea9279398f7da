import { Courier } from "../../host/attack/deliver.ts";
import { honestTasks } from "../../host/attack/honest.ts";
import { attacks } from "../../host/attack/list/index.ts";
import { embeddedTarget } from "../../host/attack/open-target.ts";
import { isRepelled } from "../../host/attack/run.ts";
import { randomOf } from "../../host/worker/random.ts";

const only = process.argv[2] ?? "";
const all = process.argv[3] === "all";
const target = await embeddedTarget(2);
const random = randomOf("x");
const honest = await honestTasks(target.client, random);
let n = 0;
let hs = 0;
let ds = 0;
const t0 = performance.now();
for (const attack of attacks) {
  if (!new RegExp(only).test(attack.name)) continue;
  n++;
  if (process.env.BLOCK && n === 2) {
    const e = performance.now() + Number(process.env.BLOCK);
    while (performance.now() < e);
  }
  const courier = new Courier(target, random);
  const start = performance.now();
  const what = `${attack.name}${attack.variant === undefined ? "" : ` [${attack.variant}]`}`;
  let timer: NodeJS.Timeout;
  const d = await Promise.race([
    courier.deliver(attack),
    new Promise<undefined>((r) => {
      timer = setTimeout(() => r(undefined), 15000);
    }),
  ]);
  clearTimeout(timer!);
  const ms = (performance.now() - start).toFixed(0);
  const ok = d !== undefined && isRepelled(attack, d);
  if (!ok || all || Number(ms) > 150)
    console.log(
      ok ? "ok  " : "FAIL",
      what,
      ms,
      "ms",
      d === undefined ? "HANGS" : `${d.ending} ${String(d.answer)} ${d.message ?? ""}`.slice(0, 250),
      attack.expects.join(),
    );
  ds += Number(ms);
  const hstart = performance.now();
  const h = await Promise.race([
    honest(),
    new Promise<string>((r) => {
      timer = setTimeout(() => r("HANGS"), 15000);
    }),
  ]);
  clearTimeout(timer!);
  const hm = performance.now() - hstart;
  hs += hm;
  if (hm > 150) console.log("  honest", what, hm | 0);
  if (h !== undefined) {
    console.log("HONEST", what, h);
    if (h === "HANGS") process.exit(1);
  }
}
console.log(t0 | 0, ds | 0, hs | 0, n, "done", Math.round(process.memoryUsage.rss() / 2 ** 20));
process.exit(0);
