import { Worker } from "node:worker_threads";
import type { Kernel } from "wray";
import { assemble } from "../assemble.ts";
import { emptyTask, startClient } from "../cluster.ts";
import { latencies } from "../figures.ts";
import { byTurns, check } from "../measure.ts";
import type { Context, Figure } from "../suite.ts";

const full = { turnCount: 10, callCount: 5 };
const quick = { turnCount: 1, callCount: 1 };

const timeoutMs = 20;
const endless = `(module (func (export "spin") (loop $again (br $again))))`;

/** From a task's deadline until the program hears of its end; what the task takes to begin is in it. */
export async function* deadlines(context: Context): AsyncIterable<Figure> {
  const { turnCount, callCount } = context.isQuick ? quick : full;
  const wray = await startClient(context);
  const empty = await emptyTask(wray);
  const bytes = await assemble(endless);
  for (const [name, wasm] of [
    ["with checks", bytes],
    ["without checks", withoutChecks(bytes)],
  ] as const) {
    const spin = (await wray.load(wasm)).kernel("spin").options({ timeoutMs }) as Kernel;
    const lateMs = async () => {
      // A thread that was ended has another in its place then.
      await empty(0);
      const startMs = performance.now();
      const code = await wray.get(spin.remote()).then(
        () => "none",
        (error: { code: string }) => error.code,
      );
      check("spin", code, "TASK_TIMEOUT");
      return performance.now() - startMs - timeoutMs;
    };
    const samplesOf = async (sampleMs: () => Promise<number>) => {
      const samples: number[] = [];
      for (let count = 0; count < callCount; count++) samples.push(await sampleMs());
      return samples;
    };
    await lateMs();
    const baseline = { name: "end of a thread", measure: () => samplesOf(terminateMs) };
    const compared = await byTurns(turnCount, () => samplesOf(lateMs), baseline);
    yield latencies(`deadline to end of an endless loop ${name}`, "ms", compared)[0];
  }
}

/** The same module with a manifest that asks for no checks. */
function withoutChecks(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const kernels = [{ name: "spin", params: [], returns: "void", file: "spin.wat", line: 1 }];
  const manifest = { version: 1, module: "unchecked", kernels, classes: {}, runtimeIds: {}, preempt: false };
  const [name, text] = ["wray.manifest", JSON.stringify(manifest)].map((each) =>
    new TextEncoder().encode(each),
  );
  const content = [name!.length, ...name!, ...text!];
  const length = [(content.length & 0x7f) | 0x80, content.length >> 7];
  return Uint8Array.from([...bytes, 0, ...length, ...content]);
}

/** How long the end of a bare thread takes that never ends by itself. */
async function terminateMs(): Promise<number> {
  const thread = new Worker('require("node:worker_threads").parentPort.postMessage(0); while (true) {}', {
    eval: true,
  });
  await new Promise((resolve) => thread.once("message", resolve));
  const startMs = performance.now();
  await thread.terminate();
  return performance.now() - startMs;
}
