/**
 * What the promise becomes, or a rejection with what `late` returns when that takes longer than `ms`. When `late`
 * returns nothing, the wait goes on.
 */
export async function within<T>(ms: number, promise: Promise<T>, late: () => Error | undefined): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = late();
      if (error !== undefined) reject(error);
    }, ms);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
