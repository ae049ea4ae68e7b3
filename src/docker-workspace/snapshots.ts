/** Snapshots of containers: images with names that people can read, and labels that say what they hold. */
import { type DockerClient, isNotFound, SNAPSHOT_LABEL, STACK_LABEL } from "../docker/index.ts";
import { sha256 } from "../oci/digest.ts";
import { encodeDocument } from "../oci/documents.ts";
import type { Digest, Image, ImageConfig } from "../oci/image.ts";
import { DockerDaemonTransport } from "../oci/transports/docker-daemon.ts";
import type { LayerId } from "../workspace/workspace.ts";
import { type AdoptedContainer, stackDigest } from "./adopted.ts";

const KEY_LABEL = "layerbook.key";
const TASK_LABEL = "layerbook.task";
const PLAYBOOK_LABEL = "layerbook.playbook";
const CONTAINER_LABEL = "layerbook.container";
const BYTES_LABEL = "layerbook.bytes";

export interface SnapshotInfo {
  readonly host: string;
  readonly task: string;
  readonly playbook: string;
  /** Key of the step whose outcome this is. */
  readonly key: Digest;
  /** Bytes of the files that the task has written. */
  readonly bytes: number;
}

/**
 * Gives the daemon the state as an image.
 * @param stack the state: the base's layers and those of the tasks so far
 * @returns its name: `layerbook/HOST:NN-TASK`
 */
export async function takeSnapshot(
  client: DockerClient,
  container: AdoptedContainer,
  stack: readonly LayerId[],
  info: SnapshotInfo,
): Promise<string> {
  const { inner, base, baseLayers } = container;
  const number = stack.length - baseLayers.length;
  const name = snapshotName(info.host, number, info.task);
  const inspected = await client.images.inspect(base);
  const layers = await inner.layersOf(stack, "apart");
  const created = new Date().toISOString();
  const own = (inspected.Config ?? {}) as NonNullable<ImageConfig["config"]>;
  const config: ImageConfig = {
    created,
    architecture: inspected.Architecture,
    ...(inspected.Variant && { variant: inspected.Variant }),
    os: inspected.Os,
    config: {
      ...own,
      Labels: {
        ...own.Labels,
        [SNAPSHOT_LABEL]: info.host,
        [KEY_LABEL]: info.key,
        [STACK_LABEL]: stackDigest(stack),
        [TASK_LABEL]: info.task,
        [PLAYBOOK_LABEL]: info.playbook,
        [CONTAINER_LABEL]: container.name,
        [BYTES_LABEL]: String(info.bytes),
      },
    },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
  };
  const configBytes = encodeDocument(config);
  const image: Image = { config, configBytes, id: sha256(configBytes), layers };
  await new DockerDaemonTransport(client).write(image, name);
  return name;
}

/** `layerbook/web1:07-install-nginx`: what a repository and a tag may hold. */
export function snapshotName(host: string, number: number, task: string): string {
  const repository = host
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "");
  const words = task
    .toLowerCase()
    .replace(/[^a-z0-9_.]+/g, "-")
    .replace(/^[-.]+|-+$/g, "")
    .slice(0, 60)
    .replace(/-+$/, "");
  const tag = `${String(number).padStart(2, "0")}${words === "" ? "" : `-${words}`}`;
  return `layerbook/${repository || "container"}:${tag}`;
}

/** A snapshot in the daemon. */
export interface SnapshotRow {
  readonly name: string;
  readonly id: string;
  readonly host: string;
  readonly task: string;
  readonly playbook: string;
  readonly container: string;
  readonly key: string;
  /** Unix ms. */
  readonly created: number;
  readonly bytes: number;
  /** A container was made from it. */
  readonly used: boolean;
}

/** Oldest first. */
export async function listSnapshots(client: DockerClient): Promise<readonly SnapshotRow[]> {
  const images = await client.images.list({ filters: { label: [SNAPSHOT_LABEL] } });
  const containers = await client.containers.list({ all: true });
  const used = new Set(containers.map(({ ImageID }) => ImageID));
  const rows = images.flatMap(({ Id, RepoTags, Labels, Created }) =>
    namesOf(Id, RepoTags).map((name) => ({
      name,
      id: Id,
      host: Labels?.[SNAPSHOT_LABEL] ?? "",
      task: Labels?.[TASK_LABEL] ?? "",
      playbook: Labels?.[PLAYBOOK_LABEL] ?? "",
      container: Labels?.[CONTAINER_LABEL] ?? "",
      key: Labels?.[KEY_LABEL] ?? "",
      created: Created * 1000,
      bytes: Number(Labels?.[BYTES_LABEL] ?? 0),
      used: used.has(Id),
    })),
  );
  return rows.sort((a, b) => a.created - b.created || (a.name < b.name ? -1 : 1));
}

/** An image whose name went to a newer one is known by its id. */
function namesOf(id: string, tags: readonly string[] | null): readonly string[] {
  const named = (tags ?? []).filter((tag) => tag !== "<none>:<none>");
  return named.length > 0 ? named : [id.slice(0, 19)];
}

/** What `prune` takes away; what is not given counts for nothing. */
export interface PrunePolicy {
  /** Snapshots older than that many milliseconds. */
  readonly olderThan?: number | undefined;
  /** All but the newest so many of each host. */
  readonly keep?: number | undefined;
  /** Those that no container was made from. */
  readonly unused?: boolean | undefined;
  /** The oldest, until the rest has at most so many bytes. */
  readonly maxBytes?: number | undefined;
}

/**
 * Which snapshots a policy takes away. One that a container uses stays.
 * @param rows oldest first
 */
export function chooseSnapshots(
  rows: readonly SnapshotRow[],
  policy: PrunePolicy,
  now: number,
): readonly SnapshotRow[] {
  const chosen = new Set<SnapshotRow>();
  for (const row of rows) {
    if (policy.olderThan !== undefined && now - row.created > policy.olderThan) chosen.add(row);
    if (policy.unused) chosen.add(row);
  }
  if (policy.keep !== undefined) {
    for (const host of new Set(rows.map((row) => row.host))) {
      const own = rows.filter((row) => row.host === host);
      for (const row of own.slice(0, Math.max(0, own.length - policy.keep))) chosen.add(row);
    }
  }
  if (policy.maxBytes !== undefined) {
    let total = rows.reduce((sum, row) => sum + (chosen.has(row) ? 0 : row.bytes), 0);
    for (const row of rows) {
      if (total <= policy.maxBytes) break;
      if (chosen.has(row) || row.used) continue;
      chosen.add(row);
      total -= row.bytes;
    }
  }
  return rows.filter((row) => chosen.has(row) && !row.used);
}

/** @returns false when it is gone already */
export async function removeSnapshot(client: DockerClient, name: string): Promise<boolean> {
  try {
    await client.images.remove(name);
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
