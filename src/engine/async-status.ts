/** `async_status`: looks after a task in the background. */
import { Dict, type Value } from "../values/model.ts";
import { str } from "../values/python.ts";
import type { AsyncJobs } from "./async-jobs.ts";
import { failure } from "./results.ts";

/** @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/async_status_module.html */
export function asyncStatus(jobs: AsyncJobs, host: string, args: Dict): Dict {
  const given = args.get("jid");
  if (given === undefined) return failure("missing required arguments: jid");
  const id = str(given);
  if (str(args.get("mode") ?? "status") === "cleanup") {
    jobs.forget(id);
    return state(id, [["erased", resultsFile(id)]]);
  }
  const { known, result } = jobs.look(host, id);
  if (!known) {
    return failure("could not find job", [
      ["ansible_job_id", id],
      ["started", 1],
      ["finished", 1],
      ["changed", false],
      ["results_file", resultsFile(id)],
      ["stderr", ""],
      ["stderr_lines", []],
      ["stdout", ""],
      ["stdout_lines", []],
    ]);
  }
  if (!result)
    return state(id, [
      ["started", 1],
      ["finished", 0],
      ["changed", false],
    ]);
  const done = new Dict(result);
  done.set("ansible_job_id", id).set("started", 1).set("finished", 1);
  return done;
}

/** Where Ansible would keep the result; told for those who look at it. */
export function resultsFile(id: string): string {
  return `~/.ansible_async/${id}`;
}

function state(id: string, more: readonly (readonly [string, Value])[]): Dict {
  return new Dict([["ansible_job_id", id] as const, ...more]);
}
