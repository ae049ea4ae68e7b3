/** `layerbook cache`: what the store holds, whether it is whole, and what can go. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Command } from "commander";
import { parseAge } from "../../build/cache-policy.ts";
import { defaultBound, pruneStore } from "../../build/care/prune.ts";
import { type KeptLayers, surveyStore, together } from "../../build/care/survey.ts";
import { verifyStore } from "../../build/care/verify.ts";
import { type FoundRecord, StepStore } from "../../build/step-store.ts";
import { createDockerWorkspace } from "../../docker-workspace/index.ts";
import { type ExitCode, LayerbookError, UsageError } from "../../errors/index.ts";
import { nearest } from "../../errors/nearest.ts";
import { formatBytes, formatDuration } from "../../report/build-rows.ts";
import { coloursFor } from "../../report/colours.ts";
import type { CommandContext } from "../command.ts";
import { dockerClient } from "../docker-daemons.ts";
import { parseFlags } from "../flags.ts";
import { openWorkspace } from "../open-workspace.ts";
import { parseSize } from "../sizes.ts";
import { storeRoot } from "../store-root.ts";

export const summary = "list, check and clean what builds have stored";

interface Flags {
  readonly store?: string;
  readonly json?: boolean;
  readonly olderThan?: string;
  readonly moreThan?: string;
  readonly maxSize?: string;
  readonly unused?: boolean;
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly repair?: boolean;
}

interface Place {
  readonly store: StepStore;
  readonly workspace: KeptLayers;
  readonly flags: Flags;
  readonly operands: readonly string[];
}

const VERBS: Readonly<Record<string, (place: Place) => Promise<ExitCode>>> = {
  ls,
  show,
  prune,
  verify,
};

export async function run(argv: readonly string[], _context: CommandContext): Promise<ExitCode> {
  const command = new Command("layerbook cache")
    .description(
      "Looks after the store.\n\n" +
        "  ls            the steps in it, the last used first\n" +
        "  show STEP     one of them: by the first digits of its key, or its name\n" +
        "  prune         takes out what is of no use, and what the options say\n" +
        "  verify        reads everything and names what is damaged",
    )
    .argument("<verb>", "ls, show, prune or verify")
    .argument("[step...]")
    .option("--older-than <age>", "prune: what was not used for that long: 12h, 7d, 4w")
    .option("--more-than <count>", "prune: all but that many steps, the last used ones")
    .option("--max-size <size>", "prune: the longest unused until this is left: 20GB, 10%")
    .option("--unused", "prune: only what nothing refers to")
    .option("--all", "prune: everything that no running build may need")
    .option("--dry-run", "prune: say what would go")
    .option("--repair", "verify: take out what is damaged; it is made anew when it is needed")
    .option("--store <dir>", "the store (default: LAYERBOOK_STORE, else the system's place for it)")
    .option("--json", "as JSON");
  const { flags, operands } = parseFlags<Flags>(command, argv);
  if (!flags) return 0;
  const [verb = "", ...rest] = operands;
  const work = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
  if (!work) {
    const meant = nearest(verb, Object.keys(VERBS));
    throw new UsageError(`layerbook cache has no verb '${verb}'`, {
      hint: meant ? `Did you mean '${meant}'?` : "It has: ls, show, prune, verify.",
    });
  }
  const root = flags.store ? resolve(flags.store) : storeRoot();
  if (!existsSync(root)) {
    throw new LayerbookError(`there is no store ${root}`, {
      hint: "It comes into being with the first build. Name another one with --store.",
    });
  }
  const sandbox = await openWorkspace("sandbox", root);
  // Layers of builds on a daemon are on this machine, too; the daemon is not asked.
  const docker = createDockerWorkspace({ root, client: dockerClient() });
  try {
    const workspace = together([sandbox, docker]);
    return await work({ store: new StepStore(root), workspace, flags, operands: rest });
  } finally {
    await docker.close();
    await sandbox.close();
  }
}

async function ls({ store, workspace, flags }: Place): Promise<ExitCode> {
  const { records, layers } = await surveyStore(store, workspace);
  const rows = records.toSorted((a, b) => b.usedMs - a.usedMs).map(rowOf);
  const bytes = [...layers.values()].reduce((sum, layer) => sum + layer.bytes, 0);
  if (flags.json) {
    print(JSON.stringify({ store: store.root, steps: rows, layers: layers.size, bytes }));
    return 0;
  }
  const colours = coloursFor(process.stdout);
  if (rows.length > 0) print(colours.bold("KEY              SIZE  USED        STEP"));
  for (const row of rows) {
    const size = row.bytes === null ? "-" : formatBytes(row.bytes);
    const age = ago(row.used);
    const text = row.damage ? colours.red(`damaged: ${row.damage}`) : (row.title ?? "");
    print(`${row.key.slice(7, 19)} ${size.padStart(8)}  ${age.padEnd(10)}  ${text}`);
  }
  const least = formatBytes(defaultBound(store.root));
  print(
    `${rows.length} steps, ${layers.size} layers, ${formatBytes(bytes)} in ${store.root} (bound: ${least})`,
  );
  return 0;
}

function rowOf({ key, usedMs, record, secret, damage }: FoundRecord) {
  return {
    key,
    title: record && (secret ? "(secret)" : record.title),
    bytes: record?.layer?.size ?? null,
    layer: record?.layer?.id ?? null,
    used: usedMs,
    created: record?.created ?? null,
    ...(damage !== undefined && { damage }),
  };
}

async function show({ store, workspace, flags, operands }: Place): Promise<ExitCode> {
  const wanted = operands.join(" ");
  if (wanted === "") throw new UsageError("which step? layerbook cache show STEP");
  const all = [...store.records()];
  const byKey = all.filter(({ key }) => key.startsWith(wanted) || key.slice(7).startsWith(wanted));
  const byName = all.filter(
    ({ record, secret }) => !secret && record?.title.replace(/ \([^)]*\)$/, "") === wanted,
  );
  const [found, ...more] = (byKey.length > 0 ? byKey : byName).toSorted(
    (a, b) => b.usedMs - a.usedMs,
  );
  if (!found) {
    throw new LayerbookError(`the store has no step '${wanted}'`, {
      hint: "See layerbook cache ls.",
    });
  }
  const { record, secret, damage, path } = found;
  const layer = record?.layer;
  const entries =
    layer && (await workspace.has(layer.id)) ? await workspace.entries?.(layer.id) : undefined;
  const paths = entries
    ?.filter((entry) => entry.aside === undefined)
    .map((entry) => ({
      path: `/${entry.path}`,
      type: entry.type,
      bytes: entry.size,
    }));
  const data = {
    ...rowOf(found),
    record: path,
    durationMs: record?.durationMs ?? null,
    result: secret ? null : (record?.result ?? null),
    deferred: record?.deferred ?? [],
    busy: record?.busy ?? false,
    paths: paths ?? null,
  };
  if (flags.json) {
    print(JSON.stringify(data));
    return 0;
  }
  print(`key      ${found.key}`);
  if (damage) print(`damaged  ${damage}`);
  print(`step     ${data.title ?? "unknown"}`);
  print(`record   ${path}`);
  if (record) {
    print(
      `made     ${new Date(record.created).toISOString()}, took ${formatDuration(record.durationMs)}`,
    );
    print(`used     ${ago(found.usedMs)} ago`);
    const what = paths ? `${paths.length} paths` : "not in the store any more";
    print(
      layer
        ? `layer    ${layer.id}, ${formatBytes(layer.size)}, ${what}`
        : "layer    none: it changed nothing",
    );
    if (!secret) print(`result   ${JSON.stringify(record.result)}`);
  }
  for (const one of paths ?? [])
    print(`         ${one.type === "whiteout" ? "removed " : ""}${one.path}`);
  if (more.length > 0) print(`and ${more.length} more of that name; name one by its key`);
  return 0;
}

async function prune({ store, workspace, flags }: Place): Promise<ExitCode> {
  const { olderThan, moreThan, maxSize } = flags;
  if (moreThan !== undefined && !/^\d+$/.test(moreThan)) {
    throw new UsageError(`--more-than ${moreThan}: write a number`);
  }
  const told = [olderThan, moreThan, maxSize, flags.unused, flags.all].some(Boolean);
  const policy = {
    olderThanMs: olderThan === undefined ? undefined : parseAge(olderThan),
    moreThan: moreThan === undefined ? undefined : Number(moreThan),
    maxBytes:
      maxSize !== undefined
        ? parseSize(maxSize, store.root)
        : told
          ? undefined
          : storeBound(store.root),
    all: flags.all,
  };
  const pruned = await pruneStore(store, workspace, policy, flags.dryRun ?? false);
  if (flags.json) {
    print(JSON.stringify({ dryRun: flags.dryRun ?? false, ...pruned }));
    return 0;
  }
  const verb = flags.dryRun ? "Would remove" : "Removed";
  const { steps, bases, layers, bytes, left } = pruned;
  print(
    `${verb} ${steps} steps, ${bases} base images, ${layers} layers: ${formatBytes(bytes)}. ` +
      `Left: ${left.steps} steps, ${left.layers} layers, ${formatBytes(left.bytes)}.`,
  );
  if (pruned.heldBack) print("Some of it stays: a build that runs now may need it.");
  return 0;
}

/** What the user has said a store may come to, else a share of the disk. Bytes. */
export function storeBound(root: string): number {
  const told = process.env.LAYERBOOK_STORE_SIZE;
  return told ? parseSize(told, root) : defaultBound(root);
}

async function verify({ store, workspace, flags }: Place): Promise<ExitCode> {
  const { damages, layers, records } = await verifyStore(store, workspace, flags.repair ?? false);
  const serious = damages.filter(({ kind }) => kind !== "leftover");
  if (flags.json)
    print(JSON.stringify({ records, layers, damages, repaired: flags.repair ?? false }));
  else {
    const colours = coloursFor(process.stdout);
    for (const { kind, name, problem } of damages) {
      const colour = kind === "leftover" ? colours.yellow : colours.red;
      print(`${colour(kind.padEnd(8))} ${name}: ${problem}`);
    }
    const verdict =
      damages.length === 0
        ? "all whole"
        : `${serious.length} damaged, ${damages.length - serious.length} left over`;
    const repaired = flags.repair && damages.length > 0 ? "; taken out" : "";
    print(`${records} records and ${layers} layers: ${verdict}${repaired}`);
    if (damages.length > 0 && !flags.repair) {
      print("Take it out with --repair: the steps run again when they are needed.");
    }
  }
  return serious.length > 0 && !flags.repair ? 1 : 0;
}

function ago(ms: number): string {
  const seconds = Math.max(0, (Date.now() - ms) / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
