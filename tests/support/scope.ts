export type Cleanup = () => unknown;

/** Cleanups that are still to be run, the latest first. */
export type Scope = {
  after(cleanup: Cleanup): void;
  /** Runs every cleanup, whatever the others do, and returns what they threw. */
  close(): Promise<unknown[]>;
};

/** A scope of which each cleanup may take `timeoutMs`; `name` says whose cleanups they are. */
export function createScope(name: string, timeoutMs: number): Scope {
  const cleanups: Cleanup[] = [];
  return {
    after: (cleanup) => void cleanups.push(cleanup),
    async close() {
      const errors: unknown[] = [];
      for (let cleanup = cleanups.pop(); cleanup; cleanup = cleanups.pop()) {
        await within(timeoutMs, `${name}, a cleanup`, cleanup).catch((error: unknown) => errors.push(error));
      }
      return errors;
    },
  };
}

/** Settles as `work` does, or says at once who hangs and fails when that takes longer than `timeoutMs`. */
export async function within(timeoutMs: number, name: string, work: () => unknown): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `hangs: ${name} has not ended after ${timeoutMs} ms`;
      console.error(message);
      reject(new Error(message));
    }, timeoutMs);
  });
  try {
    await Promise.race([work(), expiry]);
  } finally {
    clearTimeout(timer);
  }
}
