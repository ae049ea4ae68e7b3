/** The context that a module gets: its shell, its files, its variables. */
import { randomUUID } from "node:crypto";
import { userInfo } from "node:os";
import { quote, type RunResult } from "../connection/connection.ts";
import { toData } from "../modules/convert.ts";
import type { Data, ModuleContext, ModuleResult } from "../modules/module.ts";
import { validateArguments } from "../modules/validate.ts";
import type { Task } from "../playbook/node.ts";
import { holdsUnsafe } from "../template/unsafe.ts";
import type { Dict } from "../values/model.ts";
import { fromJson } from "../values/python.ts";
import type { TaskInfo } from "./events.ts";
import type { RunState, Scope } from "./run-state.ts";
import type { Target } from "./target.ts";
import { moduleDefaults } from "./task-args.ts";

export interface StepContextOptions {
  readonly run: RunState;
  readonly scope: Scope;
  readonly task: Task;
  /** Its arguments, templated. */
  readonly given: Dict;
  readonly info: TaskInfo;
  readonly target: Target;
  readonly environment: Readonly<Record<string, string>>;
  readonly checkMode: boolean;
  readonly diffMode: boolean;
  /** Milliseconds since the epoch by which the task must have ended. */
  readonly deadline: number | undefined;
  readonly warnings: string[];
  readonly deprecations: string[];
  readonly noLog: boolean;
  readonly deferred: [service: string, state: string][];
  /** Called when the module looks at what shall happen to services. */
  readonly onServices: () => void;
  /** Runs beside others on a connection of its own. */
  readonly separate: boolean;
}

export function stepContext(o: StepContextOptions): ModuleContext {
  const { run, scope, task, target } = o;
  const exports = exportsOf(o.environment);
  const request = o.separate ? { ...target.request, lane: randomUUID() } : target.request;
  const { signal, events } = run.options;
  let facts: Promise<Readonly<Record<string, Data>>> | undefined;
  const context: ModuleContext = {
    sh: (script, options = {}): Promise<RunResult> => {
      const onOutput = options.onOutput;
      return run.pool.run(request, exports + script, {
        ...options,
        become: target.become,
        signal,
        timeoutMs: remaining(o.deadline, options.timeoutMs),
        onOutput:
          options.collect === false
            ? onOutput
            : (stream, chunk) => {
                events.emit({
                  type: "output",
                  host: scope.host.name,
                  task: o.info,
                  stream,
                  text: chunk.toString("utf8"),
                });
                return onOutput?.(stream, chunk);
              },
      });
    },
    tunnel: (script) => run.pool.tunnel(request, exports + script, target.become),
    atController:
      request.connection === "local" &&
      (target.become === undefined || isOwnUser(target.become.user)),
    environment: o.environment,
    checkMode: o.checkMode,
    diffMode: o.diffMode,
    noLog: o.noLog,
    verbosity: run.facts.verbosity,
    controller: {
      find: async (kind, name) => scope.files.require(kind, name),
      read: async (path) => run.loader.read(path),
      isVault: async (path) => run.loader.isVault(path),
      decrypt: (ciphertext, position) => run.loader.decrypt(ciphertext, position),
    },
    position: task.position,
    variable: (name) => scope.templar.variable(name),
    variableNames: () => scope.variables.names(),
    template: (value) => scope.templar.template(value),
    isUnsafe: (option) => holdsUnsafe(o.given.get(option) ?? null),
    condition: (expression) => scope.templar.condition(expression),
    render: (text, options) => scope.templar.render(text, options),
    invoke: async (name, args): Promise<ModuleResult> => {
      const { module } = await run.library.resolve(name, { position: task.position });
      const values = moduleDefaults(scope, task, module.spec.name);
      for (const [key, value] of Object.entries(args)) values.set(key, fromJson(value));
      return module.run(context, validateArguments(module.spec, values, { warn: context.warn }));
    },
    target: run.options.target ?? "host",
    get services() {
      o.onServices();
      return run.options.services ?? "defer";
    },
    mountedPython: run.options.mountedPython,
    deferService: (service, state) => {
      o.deferred.push([service, state]);
      events.emit({
        type: "service-deferred",
        host: scope.host.name,
        task: o.info,
        service,
        state,
      });
    },
    facts: () => {
      facts ??= gatheredFacts(o, context);
      return facts;
    },
    warn: (message) => {
      o.warnings.push(message);
    },
    deprecate: (message) => {
      o.deprecations.push(message);
    },
    secret: (value) => {
      if (value !== "") run.secrets.add(value);
    },
    signal,
  };
  return context;
}

/** Facts of the place: those that the play gathered, else a small set gathered for the module. */
async function gatheredFacts(
  o: StepContextOptions,
  context: ModuleContext,
): Promise<Readonly<Record<string, Data>>> {
  const known = o.run.variables.state(o.target.host).injectedFacts;
  if (known.has("ansible_distribution") && known.has("ansible_pkg_mgr")) {
    return Object.fromEntries(Array.from(known, ([key, value]) => [key, toData(value)]));
  }
  const result = await context.invoke("ansible.builtin.setup", { gather_subset: ["min"] });
  return result.ansible_facts ?? {};
}

function exportsOf(environment: Readonly<Record<string, string>>): string {
  return Object.entries(environment)
    .map(([name, value]) => `export ${assignable(name)}=${quote(value)}\n`)
    .join("");
}

/** A user without an entry in the accounts has no name to compare. */
function isOwnUser(name: string): boolean {
  try {
    return userInfo().username === name;
  } catch {
    return false;
  }
}

/** A name that is none of the shell's would end the script; it is left out as env(1) cannot be used. */
function assignable(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : `LB_INVALID_${name.replace(/\W/g, "_")}`;
}

function remaining(deadline: number | undefined, own: number | undefined): number | undefined {
  if (deadline === undefined) return own;
  const left = Math.max(1, deadline - Date.now());
  return own === undefined ? left : Math.min(left, own);
}
