/** Runs jobs that need each other: those that need nothing more at once, the others when they can. */

/**
 * @param jobs each after those that it needs; no circles
 * @param needs the jobs that one needs
 * @param run called once for each job; when it throws, no other job is begun
 * @param atOnce how many may run at the same time
 * @throws what the first job to fail has thrown, when all that were running have ended
 */
export async function byNeed<Job>(
  jobs: readonly Job[],
  needs: (job: Job) => readonly Job[],
  run: (job: Job) => Promise<void>,
  atOnce: number,
): Promise<void> {
  const waiting = [...jobs];
  const done = new Set<Job>();
  const running = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  while (waiting.length > 0 || running.size > 0) {
    for (let index = 0; !failure && running.size < atOnce && index < waiting.length; ) {
      const job = waiting[index] as Job;
      if (!needs(job).every((needed) => done.has(needed))) {
        index++;
        continue;
      }
      waiting.splice(index, 1);
      const working: Promise<void> = run(job)
        .then(() => void done.add(job))
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => running.delete(working));
      running.add(working);
    }
    if (running.size === 0) break;
    await Promise.race(running);
  }
  if (failure) throw failure.error;
}
