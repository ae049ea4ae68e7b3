/**
 * What a build would do: which steps would be replayed, which would run and why. No container is
 * opened and nothing is stored. Results of steps that would run are those of the last build.
 */
import { type Connection, ConnectionError } from "../connection/connection.ts";
import { EngineEvents } from "../engine/events.ts";
import { runPlaybook } from "../engine/index.ts";
import { textOf } from "../values/model.ts";
import { lookAtBase } from "./base-image.ts";
import type { BuildOptions } from "./build.ts";
import { CachePolicy } from "./cache-policy.ts";
import { liveFactsOfThisMachine } from "./live-facts.ts";
import { openState, runOptions, stepTools } from "./open-state.ts";
import { type PlanRow, PlanRunner } from "./plan-runner.ts";

export interface Plan {
  readonly image: string;
  readonly from: string;
  readonly rows: readonly PlanRow[];
  /** Why the plan ends before the playbook does. */
  readonly stopped: string | undefined;
}

/** @throws LayerbookError for a playbook that cannot be read, a base image that is not there */
export async function planImage(options: BuildOptions): Promise<Plan> {
  const { host, signal, store, workspace } = options;
  const base = await lookAtBase(options.base, store, workspace, signal);
  const state = openState(options, base, undefined);
  const runner = new PlanRunner({
    state,
    ...stepTools(options, state),
    policy: new CachePolicy(options.cache.off, options.cache.from),
    facts: liveFactsOfThisMachine(),
    workspaceHas: (layer) => workspace.has(layer),
    hasBase: base.layers.length > 0 || base.diffIds.length === 0,
  });
  const events = new EngineEvents();
  let stopped: string | undefined;
  events.listen((event) => {
    if (event.type === "play-start") runner.play = event.play.name;
    if (event.type !== "host-result" && event.type !== "item-result") return;
    if (event.host !== host) return;
    const item = "label" in event ? event.label : undefined;
    if (event.status === "skipped" && !("looped" in event && event.looped)) {
      const why = event.task.noLog ? undefined : textOf(event.result.get("skip_reason"));
      runner.skipped(event.task, item, why ?? "");
    }
    if (event.type !== "host-result" || event.ignored || event.rescued) return;
    if (event.status !== "failed" && event.status !== "unreachable") return;
    const said = event.task.noLog ? undefined : textOf(event.result.get("msg"));
    stopped = runner.doubt
      ? `what comes after '${event.task.name}' will be known when '${runner.doubt}' has run`
      : `'${event.task.name}' fails${said === undefined ? "" : `: ${said}`}`;
  });
  await runPlaybook(runOptions(options, { events, runner, connection: noConnection }));
  signal.throwIfAborted();
  return { image: options.name, from: options.from, rows: runner.rows, stopped };
}

function noConnection(): Connection {
  return {
    label: "image",
    run: () => Promise.reject(new ConnectionError("a plan runs nothing in the image")),
    leave: async () => undefined,
    close: async () => undefined,
  };
}
