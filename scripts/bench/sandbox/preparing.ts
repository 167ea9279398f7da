import { prepareModule } from "../../../host/wasm/prepare.ts";
import { largeModule } from "../assemble.ts";
import { values } from "../figures.ts";
import { byTurns, check } from "../measure.ts";
import type { Context, Figure } from "../suite.ts";

/** How fast modules are rewritten, which is done once for each module on a host, before the engine compiles them. */
export async function* preparing({ isQuick }: Context): AsyncIterable<Figure> {
  const turnCount = isQuick ? 1 : 9;
  const bytes = await largeModule();
  const options = { preempt: true, tableEntries: 100_000 };
  let count = 0;
  const megabytesPerSecond = async (work: (bytes: Uint8Array<ArrayBuffer>) => unknown) => {
    // The engine remembers what it has compiled, so each time it is another module.
    const renewed = Uint8Array.from([...bytes, 0, 3, 2, 0x30 + (count >> 6), 0x30 + (count++ & 63)]);
    const startMs = performance.now();
    await work(renewed);
    return renewed.length / 1_000 / (performance.now() - startMs);
  };
  const measure = () => megabytesPerSecond((each) => prepareModule(each, options));
  const compile = () => megabytesPerSecond((each) => WebAssembly.compile(each));
  await compile();
  for (let round = 0; round < turnCount; round++) await measure();
  check("prepareModule", WebAssembly.validate(prepareModule(bytes, options).bytes), true);
  const baseline = { name: "WebAssembly.compile", measure: compile };
  yield values("prepareModule, 600 KB", "MB/s", turnCount, await byTurns(turnCount, measure, baseline));
}
