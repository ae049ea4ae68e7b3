/** From flags and project file to builds: finds the parts, starts the report, runs them in order. */
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, resolve } from "node:path";
import type { ConfigOverrides } from "../build/assemble.ts";
import type { BuildOptions } from "../build/build.ts";
import { byNeed } from "../build/by-need.ts";
import type { BuildListener } from "../build/events.ts";
import { inventoryFor } from "../build/image-host.ts";
import { type ImageProject, toCommand } from "../build/image-project.ts";
import { Secrets } from "../build/secrets.ts";
import { StepStore } from "../build/step-store.ts";
import { loadSettings } from "../engine/settings.ts";
import { type ExitCode, UsageError } from "../errors/index.ts";
import { nearest } from "../errors/nearest.ts";
import { jsonReport, plainReport } from "../report/build-plain.ts";
import { type BuildReport, terminalReport } from "../report/build-terminal.ts";
import { InTurn, type Turn } from "../report/in-turn.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { BuildFlags } from "./build-flags.ts";
import { buildRecovering } from "./build-recovering.ts";
import { connectionFactory } from "./connections.ts";
import { readExtraVars } from "./extra-vars.ts";
import { ImagePlaces } from "./image-places.ts";
import { loadImageInventory } from "./load-inventory.ts";
import { openWorkspace } from "./open-workspace.ts";
import { storeRoot } from "./store-root.ts";
import { tidySoon } from "./tidy.ts";
import { vaultFrom } from "./vault-access.ts";

const PROJECT_FILE = "layerbook.yml";

/**
 * Builds what the flags and the project file say, what is needed by others first.
 * @param report hears what happens; default: the terminal, in the form that the flags ask for
 */
export async function runBuilds(
  operands: readonly string[],
  flags: BuildFlags,
  signal: AbortSignal,
  report: BuildReport = openReport(flags),
): Promise<ExitCode> {
  let shared: Awaited<ReturnType<typeof sharedCaches>>;
  let root: string | undefined;
  // A shared cache is read and written by one build at a time.
  const alone = flags.cacheFrom.length > 0 || flags.cacheTo.length > 0;
  const atOnce = alone ? 1 : availableParallelism();
  try {
    await eachBuild({ operands, flags, signal, emit: report.listen, atOnce }, async (open) => {
      const options = await open();
      shared ??= await sharedCaches(flags, options.workspace, signal);
      root = options.store.root;
      const within = shared;
      const { image } = await buildRecovering(options, within && ((one) => within.build(one)));
      return image.reference;
    });
    return 0;
  } finally {
    report.close();
    shared?.close();
    if (root !== undefined) tidySoon(root);
  }
}

export interface BuildsRequest {
  readonly operands: readonly string[];
  readonly flags: BuildFlags;
  readonly signal: AbortSignal;
  /** Hears of one image after the other, also when several are built at once. */
  readonly emit: BuildListener;
  /** How many may be built at the same time. */
  readonly atOnce: number;
}

/**
 * Calls back for each image: for those that need no other at once, for the others when they can.
 * @param handle gets the image's options when it asks for them; it returns where the image is for
 *   those that are made from it
 */
export async function eachBuild(
  { operands, flags, signal, emit, atOnce }: BuildsRequest,
  handle: (open: () => Promise<BuildOptions>, project: ImageProject) => Promise<string | undefined>,
): Promise<void> {
  const projects = inOrder(await chooseProjects(operands, flags));
  const root = flags.store ? resolve(flags.store) : storeRoot();
  const workspace = await openWorkspace(flags.on, root);
  try {
    const built = new Map<string, string>();
    const turns = new InTurn(emit);
    const listeners = new Map(projects.map((project) => [project, turns.next()]));
    const one = async (project: ImageProject) => {
      const turn = listeners.get(project) as Turn;
      const parts = {
        flags,
        root,
        workspace,
        places: new ImagePlaces(root, flags.insecure ?? false),
        signal,
        emit: turn.listen,
      };
      try {
        // Before the base image is looked for: a misspelt name should not cost a download.
        checkPlaybooks(project);
        const reference = await handle(() => buildOptions(project, built, parts), project);
        if (reference !== undefined) built.set(project.name, reference);
      } finally {
        turn.end();
      }
    };
    const needs = ({ from }: ImageProject) => projects.filter(({ name }) => name === from);
    await byNeed(projects, needs, one, atOnce);
  } finally {
    await workspace.close();
  }
}

/** Loaded only where one is named. */
async function sharedCaches(flags: BuildFlags, workspace: Workspace, signal: AbortSignal) {
  if (flags.cacheFrom.length === 0 && flags.cacheTo.length === 0) return undefined;
  const { SharedCaches } = await import("./shared-caches.ts");
  return new SharedCaches(flags, workspace, signal);
}

/** @throws UsageError for a playbook that is not there */
function checkPlaybooks(project: ImageProject): void {
  const missing = project.playbooks.find((path) => !existsSync(path));
  if (missing === undefined) return;
  throw new UsageError(`the playbook: ${missing} could not be found`, {
    hint: "Is the name right, and is it relative to this folder (or to layerbook.yml, if named there)?",
    exitCode: 1,
  });
}

/** Which images: the flags alone describe one; else those of the project file, with flags over it. */
async function chooseProjects(
  operands: readonly string[],
  flags: BuildFlags,
): Promise<readonly ImageProject[]> {
  const file = flags.file ?? PROJECT_FILE;
  const playbooks = operands.filter(
    (operand) => /\.(ya?ml|json)$/.test(operand) || existsSync(operand),
  );
  if (playbooks.length > 0 && !flags.file) return [fromFlags(playbooks, flags)];
  if (!existsSync(file)) {
    const missing = operands[0];
    throw new UsageError(
      missing === undefined
        ? `there is no ${file} in this folder`
        : `the playbook: ${missing} could not be found`,
      {
        hint: "Name a playbook and a base image: layerbook build site.yml --from debian:bookworm -t web:1",
        exitCode: missing === undefined ? 5 : 1,
      },
    );
  }
  // The validator is loaded only where there is a project file to validate.
  const { readProject } = await import("../build/project.ts");
  const projects = readProject(readFileSync(file, "utf8"), resolve(file));
  const names = projects.map((project) => project.name);
  for (const name of operands) {
    if (names.includes(name)) continue;
    const meant = nearest(name, names);
    throw new UsageError(`${file} has no image '${name}'`, {
      hint: meant ? `Did you mean '${meant}'?` : `It has: ${names.join(", ")}.`,
    });
  }
  const chosen = operands.length > 0 ? withNeeded(operands, projects) : projects;
  return chosen.map((project) => override(project, flags));
}

/** The named images and those that they are made from. */
function withNeeded(
  names: readonly string[],
  all: readonly ImageProject[],
): readonly ImageProject[] {
  const wanted = new Set<ImageProject>();
  const add = (name: string) => {
    const project = all.find((one) => one.name === name);
    if (!project || wanted.has(project)) return;
    wanted.add(project);
    add(project.from);
  };
  for (const name of names) add(name);
  return [...wanted];
}

/** @throws UsageError when images are made from each other in a circle */
function inOrder(projects: readonly ImageProject[]): readonly ImageProject[] {
  const ordered: ImageProject[] = [];
  const visit = (project: ImageProject, path: readonly string[]) => {
    if (path.includes(project.name)) {
      throw new UsageError(
        `images are made from each other: ${[...path, project.name].join(" from ")}`,
      );
    }
    if (ordered.includes(project)) return;
    const needed = projects.find((one) => one.name === project.from);
    if (needed) visit(needed, [...path, project.name]);
    ordered.push(project);
  };
  for (const project of projects) visit(project, []);
  return ordered;
}

function fromFlags(playbooks: readonly string[], flags: BuildFlags): ImageProject {
  if (flags.from === undefined) {
    throw new UsageError("--from is missing: what is the image made from?", {
      hint: "For example --from debian:bookworm, --from mmdebstrap:bookworm or --from docker-daemon:NAME.",
    });
  }
  const project: ImageProject = {
    name: basename(playbooks[0] ?? "image").replace(/\.(ya?ml|json)$/, ""),
    from: flags.from,
    playbooks: playbooks.map((path) => resolve(path)),
    tags: [],
    to: undefined,
    vars: {},
    config: {},
    layers: undefined,
    services: undefined,
    network: undefined,
    inventory: [],
    host: undefined,
  };
  return override(project, flags);
}

/** What the command line says counts more than what the project file says. */
function override(project: ImageProject, flags: BuildFlags): ImageProject {
  return {
    ...project,
    from: flags.from ?? project.from,
    tags: flags.tag.length > 0 ? flags.tag : project.tags,
    to: flags.to ?? project.to,
    layers: flags.layers ?? project.layers,
    services: flags.services ?? project.services,
    network: flags.network ?? project.network,
    inventory: flags.inventory.length > 0 ? flags.inventory.map((path) => path) : project.inventory,
    host: flags.host ?? project.host,
    config: { ...project.config, ...configFlags(flags, project.config) },
  };
}

function configFlags(flags: BuildFlags, base: ConfigOverrides): ConfigOverrides {
  return {
    ...(flags.cmd !== undefined && { cmd: commandFlag(flags.cmd) }),
    ...(flags.entrypoint !== undefined && { entrypoint: commandFlag(flags.entrypoint) }),
    ...(flags.env.length > 0 && { env: { ...base.env, ...pairs(flags.env, "--env") } }),
    ...(flags.label.length > 0 && { labels: { ...base.labels, ...pairs(flags.label, "--label") } }),
    ...(flags.expose.length > 0 && { expose: [...(base.expose ?? []), ...flags.expose] }),
    ...(flags.volume.length > 0 && { volumes: [...(base.volumes ?? []), ...flags.volume] }),
    ...(flags.user !== undefined && { user: flags.user }),
    ...(flags.workdir !== undefined && { workdir: flags.workdir }),
    ...(flags.author !== undefined && { author: flags.author }),
    ...(flags.stopSignal !== undefined && { stopsignal: flags.stopSignal }),
  };
}

/** As CMD in a Dockerfile: a JSON list is the arguments themselves, other text is for a shell. */
function commandFlag(text: string): readonly string[] | undefined {
  if (text.trimStart().startsWith("[")) {
    try {
      const list: unknown = JSON.parse(text);
      if (Array.isArray(list) && list.every((word) => typeof word === "string")) return list;
    } catch {
      // Not JSON: `[ -f x ] && y` is a command for a shell.
    }
  }
  return toCommand(text);
}

function pairs(texts: readonly string[], flag: string): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf("=");
      if (equals < 1) throw new UsageError(`${flag} ${text}: write NAME=VALUE`);
      return [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
}

interface Parts {
  readonly flags: BuildFlags;
  readonly root: string;
  readonly workspace: Workspace;
  readonly places: ImagePlaces;
  readonly signal: AbortSignal;
  readonly emit: BuildListener;
}

async function buildOptions(
  project: ImageProject,
  built: ReadonlyMap<string, string>,
  parts: Parts,
): Promise<BuildOptions> {
  const { flags, places, root } = parts;
  const tags = project.tags.length > 0 ? project.tags : [project.name.toLowerCase()];
  const name = tags[0] ?? project.name;
  const host = project.host ?? basename(name.replace(/[:@].*$/, ""));
  const from = built.get(project.from) ?? project.from;
  const settings = loadSettings({ directory: process.cwd() });
  const secrets = new Secrets();
  const warn = (message: string) => parts.emit({ type: "warning", message });
  const vault = await vaultFrom(flags, settings, secrets);
  const inventory =
    project.inventory.length > 0
      ? await loadImageInventory(project.inventory, settings, vault, host, warn)
      : inventoryFor(host, project.playbooks);
  return {
    name,
    from: project.from,
    base: await places.source(from),
    destination: await places.destination(project.to, tags),
    playbooks: project.playbooks,
    inventory,
    host,
    config: project.config,
    layers: project.layers ?? "auto",
    services: project.services ?? "defer",
    network: project.network ?? "host",
    epoch: undefined,
    cache: { off: !flags.cache, from: flags.noCacheFrom === true ? undefined : flags.noCacheFrom },
    extraVars: readExtraVars(flags.extraVars, project.vars, vault),
    tags: split(flags.tags),
    skipTags: split(flags.skipTags),
    settings,
    vault,
    connections: connectionFactory(settings),
    workspace: parts.workspace,
    store: new StepStore(root),
    secrets,
    emit: parts.emit,
    signal: parts.signal,
  };
}

function split(texts: readonly string[]): readonly string[] | undefined {
  const words = texts.flatMap((text) => text.split(",")).map((word) => word.trim());
  return words.length > 0 ? words : undefined;
}

function openReport(flags: BuildFlags): BuildReport {
  if (flags.json) return jsonReport(process.stdout);
  if (flags.plain || !process.stdout.isTTY || process.env.TERM === "dumb") {
    return plainReport(process.stdout, flags.verbose);
  }
  return terminalReport(process.stdout, flags.verbose);
}
