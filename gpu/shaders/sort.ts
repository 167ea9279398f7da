import { readProgram } from "../../scheduler/wgsl/program.ts";
import type { BufferSource, GpuStep, GpuTask } from "../programs/task.ts";
import { planScan } from "./scan.ts";
import { checkWords, grid, words, wordsOf } from "./sizes.ts";
import wgsl from "./sort.wgsl";

const program = readProgram("sort.wgsl", wgsl);

const digitBits = 4;
const passCount = 32 / digitBits;
/** Keys of an invocation: as many invocations as there are sixteenths of that counts cost as much as the keys do. */
const chunk = 128;

/** `keys` has the keys, of u32, in ascending order. */
export const sort = (keys: BufferSource): GpuTask => plan(keys, undefined);

/** `keys` has the keys, of u32, in ascending order, and `values` what belongs to each; equals stay in their order. */
export function sortPairs(keys: BufferSource, values: BufferSource): GpuTask {
  checkWords("values", values, wordsOf(keys));
  return plan(keys, values);
}

function plan(keys: BufferSource, values: BufferSource | undefined): GpuTask {
  const n = wordsOf(keys);
  const chunks = Math.ceil(n / chunk);
  const scan = planScan("u32", "counts", "offsets", 16 * chunks);
  const buffers: Record<string, BufferSource> = {
    "given keys": keys,
    ...scan.buffers,
    counts: words(16 * chunks),
    ...(values !== undefined && { "given values": values }),
  };
  const steps: GpuStep[] = [];
  for (let pass = 0; pass < passCount; pass++) {
    // To and fro between two buffers, so that the last pass ends in `keys`.
    const name = (kind: string, index: number) => (index % 2 === passCount % 2 ? kind : `other ${kind}`);
    const [from, to] = [pass === 0 ? "given keys" : name("keys", pass), name("keys", pass + 1)];
    const [fromValues, toValues] = [
      pass === 0 ? "given values" : name("values", pass),
      name("values", pass + 1),
    ];
    const uniforms = { params: { n, chunk, chunks, shift: pass * digitBits } };
    const workgroups = grid(chunks, 1, 64, 1);
    buffers[to] = words(n);
    steps.push({ program, entry: "count", workgroups, uniforms, buffers: { keys: from } }, ...scan.steps);
    if (values === undefined) {
      steps.push({
        program,
        entry: "scatterKeys",
        workgroups,
        uniforms,
        buffers: { keys: from, outKeys: to },
      });
    } else {
      buffers[toValues] = words(n);
      const renamed = { keys: from, outKeys: to, values: fromValues, outValues: toValues };
      steps.push({ program, entry: "scatterPairs", workgroups, uniforms, buffers: renamed });
    }
  }
  return { buffers, steps, results: values === undefined ? ["keys"] : ["keys", "values"] };
}
