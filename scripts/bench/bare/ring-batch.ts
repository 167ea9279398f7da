import { check } from "../measure.ts";
import type { Ring } from "./ring.ts";

/** Has so many tasks done by these workers, all submitted before the first is waited for, and checks each result. */
export async function runBatch(rings: readonly Ring[], count: number): Promise<void> {
  const indices = new Float64Array(count);
  for (let task = 0; task < count; task++) indices[task] = rings[task % rings.length]!.submit(task, 1);
  for (const ring of rings) ring.publish();
  for (const ring of rings) await ring.done();
  for (let task = 0; task < count; task++) {
    checkSum(rings[task % rings.length]!.result(indices[task]!), task);
  }
}

/** The same with a promise of its own for every task. */
export async function runBatchOfPromises(rings: readonly Ring[], count: number): Promise<void> {
  const pending = rings.map((): { index: number; resolve: (sum: number) => void }[] => []);
  const promises = Array.from({ length: count }, (_, task) => {
    const which = task % rings.length;
    const index = rings[which]!.submit(task, 1);
    return new Promise<number>((resolve) => pending[which]!.push({ index, resolve }));
  });
  for (const ring of rings) ring.publish();
  for (const [which, ring] of rings.entries()) {
    let resolved = 0;
    for (const { index, resolve } of pending[which]!) {
      if (index >= resolved) {
        await ring.until(index + 1);
        resolved = ring.completed;
      }
      resolve(ring.result(index));
    }
  }
  for (const [task, sum] of (await Promise.all(promises)).entries()) checkSum(sum, task);
}

function checkSum(sum: number, task: number): void {
  if (sum !== task + 1) check("a ring", sum, task + 1);
}
