// What the page does: it draws what it is told, and presses the buttons.
import { curveSvg } from "../curve-svg.ts";
import type { HostEvent, Scene, Topics } from "../messages.ts";
import { element, show } from "./element.ts";
import { HostTable } from "./host-table.ts";
import { Player } from "./player.ts";
import { request } from "./request.ts";

const player = new Player(element("stage", HTMLCanvasElement), element("caption"));
const hosts = new HostTable(element("hosts"), element("add", HTMLButtonElement), press);
let scene: Scene | undefined;
let trials: Topics["trials"] = [];
let events: HostEvent[] = [];

/** Asks for something, and tells what came of it when it is refused. */
async function press(method: string, path: string): Promise<void> {
  show("notice", (await request(method, path)) ?? "");
}

function drawCurve(): void {
  const place = element("curve");
  const { clientWidth: width, clientHeight: height } = place;
  // The text is made of numbers and of names of hosts, which are ours.
  place.innerHTML = curveSvg({ trials, events, width, height });
}

const takers: { [Topic in keyof Topics]: (value: Topics[Topic]) => void } = {
  scene(value) {
    scene = value;
    show("setting", `${scene.env} · seed ${scene.seed}`);
    player.stage(scene);
  },
  film: (film) => player.play(film),
  trials(value) {
    trials = value;
    const last = trials.at(-1)!;
    const most = (of: (trial: (typeof trials)[number]) => number) => Math.max(...trials.map(of)).toFixed(1);
    show("generation", `${last.generation} of ${scene?.generations ?? "…"}`);
    show(
      "best",
      most(({ score }) => score),
    );
    show("distance", `${last.distance.toFixed(1)} m`);
    show("episodes", last.episodes.toLocaleString("en"));
    show("steps", last.steps.toLocaleString("en"));
    drawCurve();
  },
  events(value) {
    events = value;
    drawCurve();
  },
  hosts: (rows) => hosts.update(rows),
  status({ phase, seconds, tasksRetried }) {
    const texts = {
      starting: "starting",
      learning: `learning for ${seconds} s`,
      waiting: "waits for a host: add one",
      done: `learned in ${seconds} s`,
    };
    show("phase", texts[phase]);
    element("phase").className = phase;
    show("retried", String(tasksRetried));
  },
};

const source = new EventSource(`/events${location.search}`);
for (const [topic, take] of Object.entries(takers)) {
  source.addEventListener(topic, ({ data }: MessageEvent<string>) => take(JSON.parse(data) as never));
}
source.addEventListener("error", () => {
  show("phase", "the demo has ended");
  element("phase").className = "gone";
});
window.addEventListener("resize", drawCurve);
