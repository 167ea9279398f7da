import { LimitExceededError } from "../scheduler/protocol/errors.ts";

/** @throws LimitExceededError when a task may have more memory than its host gives */
export function checkMemory(label: string, memoryBytes: number, maxMemoryBytes: number): void {
  if (memoryBytes <= maxMemoryBytes) return;
  throw new LimitExceededError(
    `${label} asks for ${memoryBytes} bytes of memory; its host gives ${maxMemoryBytes}`,
    {
      remedy: "Lower memoryBytes, or start the host with a larger --max-memory-bytes.",
      data: { kernel: label, limit: "maxMemoryBytes", memoryBytes, maxMemoryBytes },
    },
  );
}
