/** Pairs of builds: what is edited in between, and which tasks then run or are replayed. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { BuildEvent } from "../src/build/events.ts";
import { type Plan, planImage } from "../src/build/plan.ts";
import { parseBuildFlags } from "../src/cli/build-flags.ts";
import { eachBuild, runBuilds } from "../src/cli/build-setup.ts";
import { files } from "./support.ts";

/** What came of a build, by the tasks' names; items of a loop as `name (item)`. */
export interface Outcome {
  readonly runs: readonly string[];
  readonly hits: readonly string[];
  readonly skips: readonly string[];
  /** Digest of the image; undefined when the build failed. */
  readonly image: string | undefined;
  readonly error: unknown;
  /** Why each task ran, by its name. */
  readonly reasons: ReadonlyMap<string, string>;
  readonly messages: readonly string[];
}

export interface Row {
  /** What is edited. */
  readonly edit: string;
  readonly before: Readonly<Record<string, string>>;
  /** Files written between the builds, or what is done then; without it the flags are the edit. */
  readonly after?: Readonly<Record<string, string>> | ((folder: string) => void | Promise<void>);
  readonly flags?: readonly string[];
  /** Flags of the second build, where they differ. */
  readonly flagsAfter?: readonly string[];
  /** Tasks that must run in the second build, and those that must be replayed. */
  readonly runs: readonly string[];
  readonly hits: readonly string[];
  /** What is said of why a task runs. */
  readonly why?: Readonly<Record<string, string>>;
  /** Image of the second build differs from one that is made without the cache: time, processes. */
  readonly unrepeatable?: true;
  /** Tasks of which a plan cannot know what becomes of them. */
  readonly unplanned?: readonly string[];
}

const TALKS =
  /(^|\.)(debug|set_fact|assert|fail|include_vars|meta|include_tasks|import_tasks|include_role|add_host|group_by)$/;

/** Builds in this process; never throws for a build that fails. */
export async function build(
  folder: string,
  base: string,
  flags: readonly string[] = [],
): Promise<Outcome> {
  const runs: string[] = [];
  const hits: string[] = [];
  const skips: string[] = [];
  const messages: string[] = [];
  const reasons = new Map<string, string>();
  const tasks = new Map<string, Extract<BuildEvent, { type: "task" }>>();
  let image: string | undefined;
  const listen = (event: BuildEvent) => {
    if (event.type === "task") tasks.set(event.id, event);
    if (event.type === "image") image = event.id;
    if (event.type === "warning") messages.push(event.message);
    if (event.type !== "step") return;
    const task = tasks.get(event.task);
    if (!task || TALKS.test(task.module)) return;
    const name = event.item === undefined ? task.title : `${task.title} (${event.item})`;
    reasons.set(name, event.reasons.map((reason) => reason.text).join("; "));
    if (event.status === "cached") hits.push(name);
    else if (event.status === "skipped") skips.push(name);
    else runs.push(name);
  };
  const { operands, parsed } = flagsOf(folder, base, flags);
  let error: unknown;
  try {
    await runBuilds(operands, parsed, new AbortController().signal, { listen, close: () => {} });
  } catch (caught) {
    error = caught;
  }
  return { runs, hits, skips, image, error, reasons, messages };
}

function flagsOf(folder: string, base: string, flags: readonly string[]) {
  const argv = [
    join(folder, "site.yml"),
    ...["--from", base, "--to", `oci:${join(folder, "image")}`, "--host", "box"],
    ...["--store", join(folder, "store"), ...flags],
  ];
  const { flags: parsed, operands } = parseBuildFlags("layerbook build", "", argv);
  if (!parsed) throw new Error("flags");
  return { operands, parsed };
}

/** What `layerbook plan` says that {@link build} would do. */
export async function plan(
  folder: string,
  base: string,
  flags: readonly string[] = [],
): Promise<Plan> {
  const { operands, parsed } = flagsOf(folder, base, flags);
  let found: Plan | undefined;
  await eachBuild(
    {
      operands,
      flags: parsed,
      signal: new AbortController().signal,
      emit: () => {},
      atOnce: 1,
    },
    async (open) => {
      found = await planImage(await open());
      return undefined;
    },
  );
  if (!found) throw new Error("no plan");
  return found;
}

/** A pair of builds, and a third that replays nothing, which must give the same image. */
export async function play(
  row: Row,
  folder: string,
  base: string,
  words: Readonly<Record<string, string>> = {},
) {
  const fill = (text: string) =>
    Object.entries({ FOLDER: folder, ...words }).reduce(
      (filled, [word, value]) => filled.replaceAll(word, value),
      text,
    );
  const before = Object.entries(row.before).map(([name, text]) => [name, fill(text)]);
  files(folder, Object.fromEntries(before));
  const first = await build(folder, base, row.flags?.map(fill));
  if (typeof row.after === "function") await row.after(folder);
  else if (row.after) files(folder, row.after);
  const flags = (row.flagsAfter ?? row.flags ?? []).map(fill);
  const planned = await plan(folder, base, flags);
  const second = await build(folder, base, flags);
  const anew =
    row.unrepeatable || second.error ? second : await build(folder, base, [...flags, "--no-cache"]);
  rmSync(folder, { recursive: true, force: true });
  return { first, planned, second, anew };
}

/** A playbook with one play; `tasks` one a line. */
export function site(tasks: readonly string[], more = ""): string {
  const lines = tasks.map((task) => `    ${task.replaceAll("\n", "\n    ")}`);
  return `- hosts: all\n  gather_facts: false\n${more}  tasks:\n${lines.join("\n")}\n`;
}
