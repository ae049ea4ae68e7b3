/** Tasks that run in the background: `async` with `poll: 0`, looked after by `async_status`. */
import { randomInt } from "node:crypto";
import type { Dict } from "../values/model.ts";

interface Job {
  readonly host: string;
  result: Dict | undefined;
  readonly done: Promise<void>;
}

export class AsyncJobs {
  readonly #jobs = new Map<string, Job>();

  /** Starts a job and gives its id, in the form of Ansible's. */
  start(host: string, work: Promise<Dict>): string {
    const id = `j${randomInt(1e11, 1e12)}.${process.pid}`;
    const job: Job = {
      host,
      result: undefined,
      done: work.then((result) => {
        job.result = result;
      }),
    };
    this.#jobs.set(id, job);
    return id;
  }

  /** The result so far: `undefined` while it runs; throws nothing for unknown ids. */
  look(host: string, id: string): { known: boolean; result: Dict | undefined } {
    const job = this.#jobs.get(id);
    return job?.host === host
      ? { known: true, result: job.result }
      : { known: false, result: undefined };
  }

  forget(id: string): void {
    this.#jobs.delete(id);
  }

  /** Waits for the jobs that nobody asked for. */
  async finish(): Promise<void> {
    await Promise.allSettled([...this.#jobs.values()].map((job) => job.done));
  }
}
