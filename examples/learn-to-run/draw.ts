// Draws the walker while it runs, as on a film of which every eighth picture is kept:
//
//   node build/examples/learn-to-run/draw.mjs
import { writeFile } from "node:fs/promises";
import { init } from "wray";
import { loadPolicy } from "./policy.ts";

const { env, hidden, theta } = await loadPolicy("examples/learn-to-run/walker.policy.json");
/** From when on it is shown, in steps of 20 ms; after how many there is a picture; and how many there are. */
const [from, every, count] = [200, 8, 9];

const wray = await init({ cpus: 1 });
const film = (await wray.remote("gym/film")).remote(
  ...([env, Int32Array.from(hidden), Float64Array.from(theta), 1, from + every * count] as const),
);
const spec = (await wray.remote("gym/describe")).remote(env);
const [{ poses }, { sizes }] = await wray.get([film, spec]);
await wray.shutdown();

const boxCount = sizes.length / 2;
const colors = ["#333", "#c94f3d", "#c94f3d", "#c94f3d", "#3d6fc9", "#3d6fc9", "#3d6fc9"];
/** Far to near. */
const order = [4, 5, 6, 0, 1, 2, 3];
const boxes = Array.from({ length: count }, (_, picture) =>
  order.map((box) => {
    const at = 3 * ((from + every * picture) * boxCount + box);
    const [x, y, angle] = [poses[at]! - poses[3 * from * boxCount]!, poses[at + 1]!, poses[at + 2]!];
    const [width, height] = [2 * sizes[2 * box]!, 2 * sizes[2 * box + 1]!];
    const turned = `translate(${x.toFixed(3)} ${y.toFixed(3)}) rotate(${((180 * angle) / Math.PI).toFixed(1)})`;
    const place = `x="${-width / 2}" y="${-height / 2}" width="${width}" height="${height}" rx="0.02"`;
    return `<rect ${place} fill="${colors[box]}" transform="${turned}"/>`;
  }),
);
const view = `viewBox="-0.9 -1.6 ${(count + 1.4).toFixed(1)} 1.8" width="1000"`;
const ground = '<path d="M-1 0h20" stroke="#999" stroke-width="0.015"/>';
const drawn = boxes.flat().join("\n");
const svg = `<svg xmlns="http://www.w3.org/2000/svg" ${view}><g transform="scale(1 -1)">${ground}\n${drawn}</g></svg>\n`;
await writeFile("docs/runner.svg", svg);
