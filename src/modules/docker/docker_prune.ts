/**
 * `community.docker.docker_prune`.
 * @see https://docs.ansible.com/ansible/latest/collections/community/docker/docker_prune_module.html
 */
import { flagOption, textOption } from "../lib/option-values.ts";
import type { Data, ModuleSpec } from "../module.ts";
import { withDaemon } from "./lib/daemon.ts";
import { DAEMON_OPTIONS } from "./lib/daemon-options.ts";
import { filtersOption } from "./lib/filters.ts";
import { asData, at, listAt } from "./lib/json.ts";
import { bytesOf } from "./lib/sizes.ts";

const what = (name: string) =>
  ({ type: "bool", default: false, description: `Remove ${name} that nobody uses.` }) as const;
const filters = (name: string) =>
  ({ type: "dict", description: `Which ${name}: as the daemon's filters.` }) as const;

export const spec = {
  name: "community.docker.docker_prune",
  summary: "Removes what nobody uses",
  options: {
    ...DAEMON_OPTIONS,
    containers: what("containers"),
    containers_filters: filters("containers"),
    images: what("images"),
    images_filters: filters("images"),
    networks: what("networks"),
    networks_filters: filters("networks"),
    volumes: what("volumes"),
    volumes_filters: filters("volumes"),
    builder_cache: what("the build cache"),
    builder_cache_all: {
      type: "bool",
      default: false,
      description: "All of the build cache, not only what has no name.",
    },
    builder_cache_filters: filters("entries of the build cache"),
    builder_cache_keep_storage: { type: "str", description: "How much of it is kept: 10G." },
  },
  checkMode: "skip",
  diff: false,
  effect: "talk",
  returns: {
    containers: "Ids of the containers that were removed.",
    images: "Images that were untagged or deleted.",
    networks: "Names of the networks that were removed.",
    volumes: "Names of the volumes that were removed.",
    builder_cache_caches_deleted: "Entries of the build cache that were removed.",
    containers_space_reclaimed: "Bytes.",
    images_space_reclaimed: "Bytes.",
    volumes_space_reclaimed: "Bytes.",
    builder_cache_space_reclaimed: "Bytes.",
  },
} as const satisfies ModuleSpec;

export const run = withDaemon(async ({ client }, _context, args) => {
  const result: Record<string, Data> = {};
  let changed = false;
  const note = (name: string, answer: unknown, field: string, sized: boolean) => {
    const removed = listAt(answer, field);
    const space = at(answer, "SpaceReclaimed") ?? 0;
    if (removed.length > 0 || space !== 0) changed = true;
    result[name] = asData(removed);
    if (sized) result[`${name}_space_reclaimed`] = asData(space);
  };
  const of = (name: string) => filtersOption(args[`${name}_filters`]);
  if (flagOption(args, "containers")) {
    note("containers", await client.containers.prune(of("containers")), "ContainersDeleted", true);
  }
  if (flagOption(args, "images")) {
    note("images", await client.images.prune(of("images")), "ImagesDeleted", true);
  }
  if (flagOption(args, "networks")) {
    note("networks", await client.networks.prune(of("networks")), "NetworksDeleted", false);
  }
  if (flagOption(args, "volumes")) {
    note("volumes", await client.volumes.prune(of("volumes")), "VolumesDeleted", true);
  }
  if (flagOption(args, "builder_cache")) {
    const keep = textOption(args, "builder_cache_keep_storage");
    const answer = await client.system.pruneBuilds({
      all: flagOption(args, "builder_cache_all") ?? false,
      filters: of("builder_cache"),
      ...(keep === undefined ? {} : { keepBytes: bytesOf("builder_cache_keep_storage", keep) }),
    });
    const space = at(answer, "SpaceReclaimed") ?? 0;
    if (space !== 0) changed = true;
    result.builder_cache_space_reclaimed = asData(space);
    result.builder_cache_caches_deleted = asData(listAt(answer, "CachesDeleted"));
  }
  return { changed, ...result };
});
