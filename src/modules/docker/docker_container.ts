/**
 * `community.docker.docker_container`.
 * @see https://docs.ansible.com/ansible/latest/collections/community/docker/docker_container_module.html
 */
import { flagOption, textOption } from "../lib/option-values.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { ContainerJob } from "./container/job.ts";
import { CONTAINER_OPTIONS } from "./container/options.ts";
import { ensurePresent } from "./container/present.ts";
import { type Daemon, withDaemon } from "./lib/daemon.ts";
import { DAEMON_OPTIONS } from "./lib/daemon-options.ts";
import { asData } from "./lib/json.ts";

export const spec = {
  name: "community.docker.docker_container",
  summary: "Manages containers of a Docker daemon",
  options: { ...DAEMON_OPTIONS, ...CONTAINER_OPTIONS },
  requiredIf: [["state", "healthy", ["name"]]],
  checkMode: "full",
  diff: true,
  effect: "talk",
  returns: {
    container: "The container as the daemon describes it; with detach=false also its `Output`.",
    status: "Exit code of its process, with detach=false.",
    actions: "What was done, or would be, in check mode and with debug.",
  },
} as const satisfies ModuleSpec;

export const run = withDaemon((daemon, context, args) => manageContainer(daemon, context, args));

/** What `docker_container` and the old `docker` do. */
export async function manageContainer(
  daemon: Daemon,
  context: ModuleContext,
  args: Arguments,
): Promise<ModuleResult> {
  const job = new ContainerJob(daemon, context, args);
  const name = textOption(args, "name") ?? "";
  const state = textOption(args, "state") ?? "started";
  const existing = await job.find(name);
  let container: Data | undefined;
  if (state === "absent") {
    if (existing) {
      if (existing.State.Running) {
        job.differs("running", true, false);
        await job.stop(existing);
      }
      job.differs("exists", true, false);
      await job.remove(existing);
    }
  } else {
    const found = await ensurePresent(job, existing, state);
    if (found) container = asData(found);
  }
  const debug = flagOption(args, "debug") === true;
  const { differences, image_different, ...extra } = job.extra;
  return {
    changed: job.changed,
    ...(context.checkMode || debug ? { actions: job.actions } : {}),
    ...(context.diffMode || debug
      ? {
          diff: {
            before: job.before,
            after: job.after,
            ...(differences === undefined ? {} : { differences }),
            ...(image_different === undefined ? {} : { image_different }),
          },
        }
      : {}),
    ...(container === undefined ? {} : { container }),
    ...extra,
  };
}
