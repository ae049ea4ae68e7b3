/** Runs playbooks. Nothing here prints: listen to `events`. */
import { dirname, resolve } from "node:path";
import type { ExitCode } from "../errors/index.ts";
import { ModuleLibrary } from "../modules/library/module-library.ts";
import type { HostStart } from "../modules/python/protocol.ts";
import { TemplatePlugins } from "../modules/python/template-plugins.ts";
import { unservedPlugins } from "../modules/python/unserved-plugins.ts";
import type { ParseContext } from "../playbook/context.ts";
import { Loader } from "../playbook/loader.ts";
import type { Node, Play } from "../playbook/node.ts";
import { findPlaybook, parsePlaybook, parsePlays } from "../playbook/parse-playbook.ts";
import type { Dict, Value } from "../values/model.ts";
import { fromJson } from "../values/python.ts";
import { HostVariables } from "../variables/host-variables.ts";
import { type Layer, LayeredVariables, layerOf } from "../variables/layers.ts";
import type { RunFacts } from "../variables/magic.ts";
import { VariableManager } from "../variables/manager.ts";
import { placeLayers } from "../variables/task-layers.ts";
import { AsyncJobs } from "./async-jobs.ts";
import { ConnectionPool } from "./connections.ts";
import { factCacheOf } from "./fact-cache.ts";
import type { PlaybookOutcome, RunOptions } from "./options.ts";
import { PlayRun } from "./play-run.ts";
import { checkPlay } from "./preflight.ts";
import { writeRetryFile } from "./retry-file.ts";
import { RunState } from "./run-state.ts";
import { directRunner } from "./runner.ts";
import { namedSetting } from "./settings-lookup.ts";
import { TaskFiles } from "./task-files.ts";
import { Templating } from "./templating.ts";

export type { PlaybookOutcome, RunOptions };

/** A playbook that was read and checked. */
export interface ParsedPlaybook {
  readonly file: string;
  readonly plays: readonly Play[];
}

/** A run that is ready: everything was read and checked, nothing has run. */
export interface PreparedRun {
  readonly playbooks: readonly ParsedPlaybook[];
  readonly state: RunState;
}

/**
 * Reads and checks playbooks: keywords, modules, options, roles, imports.
 * @throws LayerbookError with the place of the first thing that is wrong
 */
export async function prepare(options: RunOptions): Promise<PreparedRun> {
  const state = openRun(options);
  try {
    return { playbooks: await readPlaybooks(options, state), state };
  } catch (error) {
    await state.closePlugins();
    throw error;
  }
}

async function readPlaybooks(options: RunOptions, state: RunState): Promise<ParsedPlaybook[]> {
  const playbooks: ParsedPlaybook[] = [];
  for (const name of options.playbooks) {
    const file = findPlaybook(state.parse, name, process.cwd());
    const plays = parsePlaybook(state.parse, file);
    for (const play of plays) await checkPlay(state.library, play);
    playbooks.push({ file, plays });
  }
  if (options.plays) {
    const { file, value } = options.plays;
    const plays = parsePlays(state.parse, value, file);
    for (const play of plays) await checkPlay(state.library, play);
    playbooks.push({ file, plays });
  }
  return playbooks;
}

/**
 * Runs playbooks one after the other, as `ansible-playbook` does.
 * @throws LayerbookError for what is wrong before or outside of tasks; failed tasks are no errors
 */
export async function runPlaybook(options: RunOptions): Promise<PlaybookOutcome> {
  const { playbooks, state } = await prepare(options);
  try {
    for (const { file, plays } of playbooks) {
      const isOver = await runPlays(state, file, plays);
      // Told after each playbook, of all of them so far.
      options.events.emit({ type: "stats", hosts: state.stats, custom: state.customStats });
      if (isOver) break;
    }
    await state.jobs.finish();
  } finally {
    await state.pool.close();
    await state.closePlugins();
  }
  const exitCode = exitCodeOf(state);
  options.events.emit({ type: "finished", exitCode });
  return {
    exitCode,
    stats: state.stats,
    failedHosts: [...state.failed],
    unreachableHosts: [...state.unreachable],
  };
}

/** True when nothing after this playbook is to run. */
async function runPlays(state: RunState, file: string, plays: readonly Play[]): Promise<boolean> {
  state.options.events.emit({ type: "playbook-start", file, plays: plays.length });
  for (const play of plays) {
    state.hostVariables.usePlaybookDirectory(dirname(resolve(file)));
    const outcome = await new PlayRun(state, play).run();
    if (outcome.ended) {
      writeRetryFile(state, file);
      return true;
    }
  }
  writeRetryFile(state, file);
  return state.failed.size > 0 || state.unreachable.size > 0;
}

function exitCodeOf(state: RunState): ExitCode {
  if (state.unreachable.size > 0) return 4;
  return state.failed.size > 0 ? 2 : 0;
}

function openRun(options: RunOptions): RunState {
  const { events, inventory, settings } = options;
  const vault = options.vault;
  const loader = new Loader({
    ...(vault && { decrypt: (text: string, file: string) => vault.decrypt(text, file) }),
    warn: (message, position) => events.warn(message, position),
  });
  const hostVariables = new HostVariables({
    inventory,
    loader,
    mergeDicts: settings.text("DEFAULT_HASH_BEHAVIOUR") === "merge",
  });
  const extraVars = options.extraVars ?? new Map<string, Value>();
  const variables = new VariableManager({
    hostVariables,
    extraVars,
    factCache: factCacheOf(settings, options),
    injectFacts: settings.bool("INJECT_FACTS_AS_VARS"),
  });
  const directories = new Set<string>();
  const start: HostStart = {
    directory: dirname(resolve(options.playbooks[0] ?? ".")),
    modulePath: settings.list("DEFAULT_MODULE_PATH"),
    verbosity: options.verbosity ?? settings.number("DEFAULT_VERBOSITY") ?? 0,
    warn: (message) => events.warn(message),
    deprecate: (message) => events.deprecate(message),
  };
  const plugins = new TemplatePlugins({
    start,
    directories,
    pluginPath: {
      filter: settings.list("DEFAULT_FILTER_PLUGIN_PATH"),
      test: settings.list("DEFAULT_TEST_PLUGIN_PATH"),
      lookup: settings.list("DEFAULT_LOOKUP_PLUGIN_PATH"),
    },
  });
  const library = new ModuleLibrary({
    start,
    directories,
    collectionsPath: settings.list("COLLECTIONS_PATHS"),
    actionPath: settings.list("DEFAULT_ACTION_PLUGIN_PATH"),
    interpreterSetting: settings.text("INTERPRETER_PYTHON") ?? "auto",
  });
  const templating = new Templating(
    {
      plugins,
      settings: {
        native: settings.bool("DEFAULT_JINJA2_NATIVE"),
        errorOnUndefined: settings.bool("DEFAULT_UNDEFINED_VAR_BEHAVIOR"),
        warn: (message) => events.warn(message),
        configuration: (name) => {
          const found = namedSetting(settings, name);
          if (!found) return undefined;
          const { value } = found;
          return [fromJson(Array.isArray(value) ? [...value] : (value ?? null)), found.origin];
        },
        ...(vault && {
          vault: { decrypt: (text: string) => Buffer.from(vault.decrypt(text)).toString("utf8") },
        }),
      },
      signal: options.signal,
    },
    settings.text("DEFAULT_MANAGED_STR") ?? "",
  );
  const facts: Omit<RunFacts, "hostvars"> = {
    inventory,
    checkMode: options.check ?? false,
    diffMode: options.diff ?? false,
    verbosity: options.verbosity ?? settings.number("DEFAULT_VERBOSITY") ?? 0,
    forks: options.forks ?? settings.number("DEFAULT_FORKS") ?? 5,
    configFile: settings.configFile,
    runTags: options.tags ?? [],
    skipTags: options.skipTags ?? [],
    limit: options.limit,
  };
  return new RunState({
    options,
    runner: options.runner ?? directRunner,
    loader,
    parse: parseContext(options, loader, templating, library, directories, extraVars),
    library,
    closePlugins: () => {
      plugins.close();
      return library.close();
    },
    variables,
    hostVariables,
    templating,
    pool: new ConnectionPool(options.connections),
    jobs: new AsyncJobs(),
    facts,
  });
}

function parseContext(
  options: RunOptions,
  loader: Loader,
  templating: Templating,
  library: ModuleLibrary,
  directories: Set<string>,
  extraVars: ReadonlyMap<string, Value>,
): ParseContext {
  const { events, settings } = options;
  return {
    loader,
    isModule: (name, collections) => library.find(name, collections) !== undefined,
    unknownModule: (name, position) => library.unknown(name, position),
    usePlugins: (directory) => {
      if (directories.has(directory)) return;
      directories.add(directory);
      for (const message of unservedPlugins(directory)) events.warn(message);
    },
    rolesPath: settings.list("DEFAULT_ROLES_PATH"),
    privateRoleVars: settings.isSet("DEFAULT_PRIVATE_ROLE_VARS")
      ? settings.bool("DEFAULT_PRIVATE_ROLE_VARS")
      : undefined,
    collectionsPath: settings.list("COLLECTIONS_PATHS"),
    warn: (message, position) => events.warn(message, position),
    deprecate: (message, position) => events.deprecate(message, position),
    template: (value, node, extra) => {
      if (typeof value === "string" && !value.includes("{")) return value;
      const variables = staticVariables(node, extraVars, extra);
      const directory = node?.play.directory ?? process.cwd();
      return templating.open(variables, new TaskFiles(node, directory, loader)).template(value);
    },
  };
}

/** What is known before anything runs: extra variables, `vars` on the way up, roles' variables. */
function staticVariables(
  node: Node | undefined,
  extraVars: ReadonlyMap<string, Value>,
  extra: Dict | undefined,
): LayeredVariables {
  const layers: Layer[] = [extraVars];
  if (extra) layers.push(layerOf(extra));
  if (node) {
    const place = placeLayers(node);
    layers.push(
      ...place.includeParams,
      ...place.params,
      ...place.vars,
      ...place.roleVars,
      layerOf(node.play.vars),
    );
    layers.push(...place.defaults);
    const role = node.role;
    if (role) {
      layers.push(
        new Map<string, Value>([
          ["role_path", role.path],
          ["role_name", role.name],
        ]),
      );
    }
    layers.push(new Map<string, Value>([["playbook_dir", node.play.directory]]));
  }
  return new LayeredVariables(layers);
}
