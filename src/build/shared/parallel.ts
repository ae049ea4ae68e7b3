/** Transfers that are under way at once. */
const MOST = 4;

/** Does the work for each of a list, several at a time. The first failure ends it. */
export async function inParallel<T>(
  list: readonly T[],
  work: (one: T) => Promise<void>,
): Promise<void> {
  const queue = [...list];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await work(next);
  };
  const workers = Array.from({ length: Math.min(MOST, queue.length) }, () =>
    worker().catch((error) => {
      queue.length = 0;
      throw error;
    }),
  );
  const failed = (await Promise.allSettled(workers)).find((one) => one.status === "rejected");
  if (failed) throw failed.reason;
}
