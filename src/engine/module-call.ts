/** One call of a task's module: arguments, the step that does it, and what it returned. */

import { ConnectionTimeout } from "../connection/connection.ts";
import { LayerbookError } from "../errors/index.ts";
import type { Arguments } from "../modules/module.ts";
import type { LoadedModule } from "../modules/registry.ts";
import { secretOptions, validateArguments } from "../modules/validate.ts";
import { builtinName } from "../playbook/actions.ts";
import { Dict, textOf } from "../values/model.ts";
import { fromJson, str } from "../values/python.ts";
import { untrusted } from "../variables/layers.ts";
import { asyncStatus, resultsFile } from "./async-status.ts";
import { failedBy } from "./failures.ts";
import type { HostTask } from "./host-task.ts";
import { environmentOf, flagKeyword, intKeyword } from "./keyword-values.ts";
import { failure, flag, masked, resultOf } from "./results.ts";
import type { Scope } from "./run-state.ts";
import type { Step } from "./runner.ts";
import { stepContext } from "./step-context.ts";
import type { Target } from "./target.ts";
import { templatedArguments, withFreeForm } from "./task-args.ts";

/** Modules that work on the controller, which cannot be left in the background of the target. */
const NEVER_ASYNC: ReadonlySet<string> = new Set(
  "add_host assemble assert async_status copy debug fail fetch group_by include_vars pause reboot script set_fact set_stats template unarchive validate_argument_spec wait_for_connection"
    .split(" ")
    .map((name) => `ansible.builtin.${name}`),
);

/** @param attempt 1 for the first try of `until` */
export async function callModule(
  on: HostTask,
  scope: Scope,
  module: LoadedModule,
  target: Target,
  label: string | undefined,
  attempt: number,
): Promise<{ result: Dict; step: Step | undefined }> {
  const task = on.task;
  const given = templatedArguments(scope, task, module.name);
  if (module.name === "ansible.builtin.async_status") {
    const result = asyncStatus(on.run.jobs, target.host.name, given);
    return { result, step: undefined };
  }
  const warnings: string[] = [];
  const args = validateArguments(
    module.module.spec,
    withFreeForm(given, module.module.spec, task),
    {
      name: task.action,
      warn: (message) => warnings.push(message),
    },
  );
  const checkMode = flagKeyword(scope, task, "check_mode") ?? on.run.options.check ?? false;
  if (checkMode && module.module.spec.checkMode === "skip") {
    const name = task.action.slice(task.action.lastIndexOf(".") + 1);
    return {
      result: new Dict([
        ["changed", false],
        ["skipped", true],
        ["msg", `remote module (${name}) does not support check mode`],
      ]),
      step: undefined,
    };
  }
  const deprecations: string[] = [];
  const deferred: [string, string][] = [];
  let sawServices = false;
  const seconds = timeLimit(on, scope);
  const asyncSeconds = intKeyword(scope, task, "async") ?? 0;
  if (asyncSeconds > 0 && NEVER_ASYNC.has(module.name)) {
    throw new LayerbookError(`This action (${task.action}) does not support async.`, {
      position: task.position,
    });
  }
  const limit = asyncSeconds > 0 ? asyncSeconds : seconds;
  const environment = environmentOf(scope, task);
  const diffMode = flagKeyword(scope, task, "diff") ?? on.run.options.diff ?? false;
  const background = asyncSeconds > 0 && (intKeyword(scope, task, "poll") ?? -1) === 0;
  const inBackground = background && on.run.options.target !== "image";
  const place: Target = inBackground
    ? { ...target, request: { ...target.request, host: target.request.host } }
    : target;
  const context = stepContext({
    run: on.run,
    scope,
    task,
    given,
    info: on.info,
    target: place,
    environment,
    checkMode,
    diffMode,
    deadline: limit > 0 ? Date.now() + limit * 1000 : undefined,
    warnings,
    deprecations,
    deferred,
    onServices: () => {
      sawServices = true;
    },
    noLog: on.isHidden(scope),
    separate: inBackground,
  });
  const step: Step = {
    module,
    args,
    context,
    host: on.hostRun.host.name,
    name: on.info.name,
    taskId: task.id,
    role: task.role?.name,
    play: on.play.hosts.name,
    position: task.position,
    tags: on.info.tags,
    noLog: on.isHidden(scope),
    delegated: target.delegated,
    become: target.become,
    environment,
    checkMode,
    diffMode,
    async: asyncSeconds,
    attempt,
    itemLabel: label,
    deferred: () => deferred,
    sawServices: () => sawServices,
  };
  const work = execute(on, step, limit, asyncSeconds > 0);
  if (background)
    return { result: await startJob(on, target, work, inBackground), step: undefined };
  const result = asyncSeconds > 0 ? await polled(on, scope, target, work) : await work;
  if (
    module.module.spec.effect === "target" &&
    !result.has("invocation") &&
    !flag(result, "unreachable")
  ) {
    result.set("invocation", invocationOf(module, args));
  }
  if (builtinName(module.name) === "set_fact") {
    keepValues(scope, given, result, on.run.options.settings.bool("DEFAULT_JINJA2_NATIVE"));
  }
  tell(on, warnings, deprecations, result);
  return { result: withoutSecrets(on, module, given, result), step };
}

/**
 * Facts that were set are the values that were written: what is known of them (encrypted, unsafe, whole
 * numbers as keys) is not lost on the way through the module, which talks of plain data.
 */
function keepValues(scope: Scope, given: Dict, result: Dict, native: boolean): void {
  const facts = result.get("ansible_facts");
  if (!(facts instanceof Dict)) return;
  for (const [key, value] of given) {
    const name = str(scope.templar.template(key));
    // Words for booleans have become some, except where values keep their types.
    if (facts.has(name) && (native || typeof facts.get(name) !== "boolean")) facts.set(name, value);
  }
}

/** Waits for a task in the background, and says at each look how it is. */
async function polled(
  on: HostTask,
  scope: Scope,
  target: Target,
  work: Promise<Dict>,
): Promise<Dict> {
  const { events, settings } = on.run.options;
  const job = on.run.jobs.start(target.host.name, work);
  const tell = (state: "poll" | "ok" | "failed") =>
    events.emit({ type: "async", host: on.hostRun.host.name, task: on.info, job, state });
  const poll = intKeyword(scope, on.task, "poll") ?? settings.number("DEFAULT_POLL_INTERVAL") ?? 15;
  const timer = setInterval(() => tell("poll"), Math.max(1, poll) * 1000);
  try {
    const result = await work;
    tell(flag(result, "failed") ? "failed" : "ok");
    result.set("ansible_job_id", job);
    result.set("started", 1).set("finished", 1).set("results_file", resultsFile(job));
    return result;
  } finally {
    clearInterval(timer);
  }
}

/** What a module was given, with its defaults, and without its secrets. */
function invocationOf(module: LoadedModule, args: Arguments): Dict {
  const secret = new Set(secretOptions(module.module.spec));
  const shown: Record<string, unknown> = {};
  for (const name of Object.keys(module.module.spec.options)) {
    const value = args[name] ?? null;
    shown[name] =
      secret.has(name) && value !== null ? "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" : value;
  }
  return new Dict([["module_args", untrusted(fromJson(shown))]]);
}

async function startJob(
  on: HostTask,
  target: Target,
  work: Promise<Dict>,
  inBackground: boolean,
): Promise<Dict> {
  const job = on.run.jobs.start(
    target.host.name,
    inBackground ? work : Promise.resolve(await work),
  );
  return new Dict([
    ["ansible_job_id", job],
    ["started", 1],
    ["finished", 0],
    ["changed", true],
    ["results_file", resultsFile(job)],
  ]);
}

/** Seconds that the task may take; 0 is no limit. */
function timeLimit(on: HostTask, scope: Scope): number {
  return (
    intKeyword(scope, on.task, "timeout") ?? on.run.options.settings.number("TASK_TIMEOUT") ?? 0
  );
}

async function execute(on: HostTask, step: Step, seconds: number, isAsync: boolean): Promise<Dict> {
  try {
    const trusted = builtinName(step.module.name) === "include_vars";
    return resultOf(await on.run.runner.run(step), trusted);
  } catch (error) {
    if (on.run.options.signal.aborted) throw error;
    if (error instanceof ConnectionTimeout && seconds > 0) {
      return isAsync
        ? failure(`async task did not complete within the requested time - ${seconds}s`)
        : failure(
            `The ${step.module.name.slice(step.module.name.lastIndexOf(".") + 1)} action failed to execute in the expected time frame (${seconds}) and was terminated`,
            [
              ["changed", false],
              ["timedout", fromJson({ period: seconds })],
            ],
          );
    }
    return failedBy(error);
  }
}

function tell(
  on: HostTask,
  warnings: readonly string[],
  deprecations: readonly string[],
  result: Dict,
): void {
  const { events } = on.run.options;
  const listed = result.get("warnings");
  const own = Array.isArray(listed) ? listed.map((item) => str(item)) : [];
  const all = [...new Set([...own, ...warnings])];
  for (const message of all) events.warn(message, on.task.position);
  for (const message of deprecations) events.deprecate(message, on.task.position);
  if (all.length > 0) result.set("warnings", all);
  if (deprecations.length > 0) result.set("deprecations", [...deprecations]);
}

/** Values of secret options, and all that was declared a secret, are replaced. */
function withoutSecrets(on: HostTask, module: LoadedModule, given: Dict, result: Dict): Dict {
  const secrets = [...on.run.secrets];
  for (const name of secretOptions(module.module.spec)) {
    const text = textOf(given.get(name));
    if (text !== undefined && text.length > 2) secrets.push(text);
  }
  return secrets.length === 0 ? result : (masked(result, secrets) as Dict);
}
