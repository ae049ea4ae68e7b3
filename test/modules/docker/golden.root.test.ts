/** The docker modules against what community.docker answered for the same tasks (record.py). */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { connectLocal } from "../../../src/connection/local.ts";
import { DockerClient } from "../../../src/docker/index.ts";
import type { Data, ModuleResult } from "../../../src/modules/module.ts";
import { resolveModule } from "../../../src/modules/registry.ts";
import { runModule } from "../../../src/modules/testing.ts";
import { ArgumentsError } from "../../../src/modules/validate.ts";

const here = import.meta.dirname;
const scratch = mkdtempSync(join(tmpdir(), "layerbook-docker-"));

interface Task {
  readonly name: string;
  readonly module: string;
  readonly args: Readonly<Record<string, Data>>;
  readonly checkMode: boolean;
  readonly diffMode: boolean;
}

const tasks: Task[] = (
  parse(
    readFileSync(join(here, "cases.yml"), "utf8")
      .replaceAll("{{ d }}", scratch)
      .replaceAll("{{ here }}", here),
    { version: "1.1" },
  ) as Record<string, Data>[]
).map(({ name, check_mode, diff, ...rest }) => {
  const [[module, args] = ["", {}]] = Object.entries(rest);
  const options = { checkMode: check_mode === true, diffMode: diff === true };
  return { name: String(name), module, args: args as Record<string, Data>, ...options };
});

const goldens = readFileSync(join(here, "golden.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as { readonly name: string; readonly result: ModuleResult });

/** What differs from run to run, or is said in other words. */
const DROPPED = new Set([
  "stdout_lines",
  "stderr_lines",
  "warnings",
  "msg",
  "can_talk_to_docker",
  // How it is made: what came of it is compared.
  "create_parameters",
  "update_parameters",
  // Of documents of the daemon: times, addresses and places that it chose itself.
  "Created",
  "CreatedAt",
  "GraphDriver",
  "Metadata",
  "StartedAt",
  "FinishedAt",
  "Pid",
  "Health",
  "NetworkSettings",
  "SandboxID",
  "SandboxKey",
  "EndpointID",
  "MacAddress",
  "IPv4Address",
  "RootFS",
  "ResolvConfPath",
  "Parent",
  "Container",
  "Size",
  "VirtualSize",
]);

function isDict(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0;
}

/** `differences` of a container that is only put into its networks. */
function isOfNetworks(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((item) => isDict(item) && "network_differences" in item)
  );
}

/** The daemon lists them in any order. */
function byPlace(mounts: unknown): unknown {
  const place = (mount: unknown) => JSON.stringify((mount as { Destination?: string }).Destination);
  return Array.isArray(mounts) ? mounts.toSorted((a, b) => (place(a) < place(b) ? -1 : 1)) : mounts;
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value
      .filter((item) => !(isDict(item) && Object.keys(item).every((k) => k.startsWith("network."))))
      .map(plain);
  }
  if (typeof value === "string") {
    return (
      value
        .replaceAll(scratch, "{{ d }}")
        .replaceAll(here, "{{ here }}")
        .replace(/(sha256:)?[0-9a-f]{64}/g, "ID")
        .replace(/\b[0-9a-f]{12}\b/g, "SHORT")
        // Where a daemon's first addresses are taken it goes on with others, in smaller networks.
        .replace(/\b(?:172\.\d+|192\.168)\.\d+\.\d+(?:\/\d+)?/g, "ADDRESS")
    );
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(
        ([key, item]) => !DROPPED.has(key) && !key.startsWith("network.") && !isOfNetworks(item),
      )
      .map(([key, item]) => [String(plain(key)), plain(key === "Mounts" ? byPlace(item) : item)])
      .sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1)),
  );
}

/** The result as the engine would make it, without what may differ. */
function comparable(result: ModuleResult): unknown {
  const { failed, changed, rc, stdout, actions, ...rest } = result;
  const isBuild = typeof stdout === "string" && stdout.includes("Step 1/");
  return plain({
    failed: failed ?? (rc !== undefined && rc !== 0),
    changed: changed ?? false,
    ...(rc === undefined ? {} : { rc }),
    ...(Array.isArray(actions) ? { actions: actions.filter(isNoNetworkAction) } : {}),
    ...(stdout === undefined ? {} : { stdout: isBuild ? "(the build)" : stdout }),
    ...rest,
  });
}

/** A container can be made in its network at once, where the original moves it afterwards. */
function isNoNetworkAction(action: Data): boolean {
  if (typeof action !== "object" || action === null) return true;
  return !("added_to_network" in action || "removed_from_network" in action);
}

async function clean(): Promise<void> {
  const client = new DockerClient();
  for (const name of ["lbg-c", "lbg-w", "lbg-run"]) {
    await client.containers.remove(name, { force: true }).catch(() => undefined);
  }
  for (const name of ["lbg-net", "lbg-net2"]) {
    await client.networks.remove(name).catch(() => undefined);
  }
  await client.volumes.remove("lbg-vol").catch(() => undefined);
  for (const name of ["lbg-image:1", "lbg-other:2"]) {
    await client.images.remove(name, { force: true }).catch(() => undefined);
  }
  client.close();
}

describe("docker modules answer as the originals", () => {
  const connection = connectLocal();
  beforeAll(clean);
  afterAll(async () => {
    await clean();
    await connection.close();
    rmSync(scratch, { recursive: true });
  });
  for (const [index, task] of tasks.entries()) {
    it(task.name, async () => {
      const { module } = await resolveModule(task.module);
      let result: ModuleResult;
      try {
        const { checkMode, diffMode } = task;
        result = await runModule(module, task.args, connection, { checkMode, diffMode });
      } catch (error) {
        if (!(error instanceof ArgumentsError)) throw error;
        result = { failed: true, msg: error.message };
      }
      const golden = goldens[index];
      expect(golden?.name).toBe(task.name);
      expect(comparable(result)).toEqual(comparable(golden?.result ?? {}));
    });
  }
});
