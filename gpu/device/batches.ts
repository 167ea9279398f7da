import type { Operation } from "../wire/messages.ts";

/** More in one would only wait for each other's end. */
export const mostTasksPerBatch = 64;

/**
 * What is sent as one batch: an endless task is blamed for it only when it is alone. So a task whose pipelines have not all
 * been seen to end is; those of known ones share a batch.
 */
export function cutBatches(
  operations: readonly Operation[],
  isProven: (pipeline: number) => boolean,
): Operation[][] {
  const batches: Operation[][] = [];
  let batch: Operation[] = [];
  let taskCount = 0;
  let isAlone = false;
  for (const operation of operations) {
    if (operation.kind === "task") {
      const isNew = operation.steps.some(([pipeline]) => !isProven(pipeline));
      if (taskCount > 0 && (isNew || isAlone || taskCount >= mostTasksPerBatch)) {
        batches.push(batch);
        batch = [];
        taskCount = 0;
      }
      isAlone = isNew;
      taskCount++;
    }
    batch.push(operation);
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}
