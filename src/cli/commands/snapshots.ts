/** `layerbook snapshots`: states of containers that `layerbook play --snapshot` has kept. */
import { Command } from "commander";
import { parseAge } from "../../build/cache-policy.ts";
import {
  chooseSnapshots,
  listSnapshots,
  type PrunePolicy,
  removeSnapshot,
  type SnapshotRow,
} from "../../docker-workspace/index.ts";
import { type ExitCode, LayerbookError, UsageError } from "../../errors/index.ts";
import { nearest } from "../../errors/nearest.ts";
import { formatBytes } from "../../report/build-rows.ts";
import type { CommandContext } from "../command.ts";
import { dockerClient } from "../docker-daemons.ts";
import { parseFlags, repeated } from "../flags.ts";

export const summary = "list and clean up the states of containers that plays have kept";

interface Flags {
  readonly host: readonly string[];
  readonly olderThan?: string;
  readonly keep?: string;
  readonly unused?: boolean;
  readonly maxSize?: string;
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const VERBS = ["ls", "rm", "prune"];

export async function run(argv: readonly string[], _context: CommandContext): Promise<ExitCode> {
  const command = new Command("layerbook snapshots")
    .description(
      "States of containers that `layerbook play --snapshot` has kept in the Docker daemon.\n" +
        "ls lists them; rm removes those that are named; prune removes by policy.",
    )
    .argument("<verb>", "ls, rm or prune")
    .argument("[name...]", "with rm: layerbook/HOST:NN-TASK")
    .option("--host <name>", "only snapshots of this host; may be repeated", repeated, [])
    .option("--older-than <age>", "prune: what is older: 12h, 7d, 2w")
    .option("--keep <count>", "prune: all but the newest so many of each host")
    .option("--unused", "prune: what no container was made from")
    .option("--max-size <size>", "prune: the oldest, until the rest is at most so large: 500M, 2G")
    .option("--dry-run", "tell what would be removed, remove nothing")
    .option("--json", "a JSON list");
  const { flags, operands } = parseFlags<Flags>(command, argv);
  if (!flags) return 0;
  const [verb = "", ...names] = operands;
  if (!VERBS.includes(verb)) {
    const meant = nearest(verb, VERBS);
    throw new UsageError(`'${verb}' is not one of ls, rm, prune`, {
      hint: meant ? `Did you mean 'layerbook snapshots ${meant}'?` : undefined,
    });
  }
  const policy = policyOf(flags);
  if (verb !== "prune" && Object.keys(policy).length > 0) {
    throw new UsageError("policies (--older-than, --keep, --unused, --max-size) are for prune");
  }
  const client = dockerClient();
  const rows = (await listSnapshots(client)).filter(
    (row) => flags.host.length === 0 || flags.host.includes(row.host),
  );
  if (verb === "ls") {
    show(rows, flags);
    return 0;
  }
  const chosen = verb === "rm" ? namedOf(rows, names) : prunedOf(rows, policy);
  if (!flags.dryRun) for (const { name } of chosen) await removeSnapshot(client, name);
  if (flags.json) show(chosen, flags);
  else {
    for (const { name } of chosen)
      console.log(`${flags.dryRun ? "would remove" : "removed"} ${name}`);
    const bytes = chosen.reduce((sum, row) => sum + row.bytes, 0);
    console.log(`${chosen.length} of ${rows.length} snapshots, ${formatBytes(bytes)}`);
  }
  return 0;
}

function policyOf(flags: Flags): PrunePolicy {
  return {
    ...(flags.olderThan !== undefined && { olderThan: parseAge(flags.olderThan) }),
    ...(flags.keep !== undefined && { keep: countOf(flags.keep) }),
    ...(flags.unused && { unused: true }),
    ...(flags.maxSize !== undefined && { maxBytes: sizeOf(flags.maxSize) }),
  };
}

function countOf(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new UsageError(`--keep ${text}: write a number`);
}

const UNITS: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

function sizeOf(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)b?$/i.exec(text.trim());
  if (!match) throw new UsageError(`--max-size ${text}: write a size: 500M, 2G`);
  return Number(match[1]) * (UNITS[(match[2] ?? "").toLowerCase()] ?? 1);
}

function prunedOf(rows: readonly SnapshotRow[], policy: PrunePolicy): readonly SnapshotRow[] {
  if (Object.keys(policy).length === 0) {
    throw new UsageError("prune needs a policy", {
      hint: "For example: layerbook snapshots prune --older-than 7d, --keep 5, --unused or --max-size 2G.",
    });
  }
  return chooseSnapshots(rows, policy, Date.now());
}

function namedOf(rows: readonly SnapshotRow[], names: readonly string[]): readonly SnapshotRow[] {
  if (names.length === 0) throw new UsageError("rm needs the name of a snapshot");
  return names.map((name) => {
    const found = rows.find((row) => row.name === name || row.name === `layerbook/${name}`);
    if (!found) {
      const short = (text: string) => text.replace(/^layerbook\//, "");
      const meant = nearest(
        short(name),
        rows.map((row) => short(row.name)),
      );
      throw new LayerbookError(`there is no snapshot '${name}'`, {
        hint: meant ? `Did you mean '${meant}'?` : "`layerbook snapshots ls` lists them.",
      });
    }
    if (found.used) {
      throw new LayerbookError(`a container was made from ${found.name}`, {
        hint: `Remove the container first (docker rm ${found.container}).`,
      });
    }
    return found;
  });
}

function show(rows: readonly SnapshotRow[], flags: Flags): void {
  if (flags.json) {
    console.log(JSON.stringify(rows, null, 2));
    return;
  }
  if (rows.length === 0) {
    console.log("No snapshots. `layerbook play --snapshot` takes them.");
    return;
  }
  const width = Math.max(...rows.map(({ name }) => name.length));
  for (const row of rows) {
    const time = new Date(row.created).toISOString().slice(0, 16).replace("T", " ");
    const used = row.used ? "  in use" : "";
    console.log(`${row.name.padEnd(width)}  ${time}  ${formatBytes(row.bytes).padStart(8)}${used}`);
  }
}
