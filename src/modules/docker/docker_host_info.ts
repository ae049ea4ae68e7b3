/**
 * `community.docker.docker_host_info`.
 * @see https://docs.ansible.com/ansible/latest/collections/community/docker/docker_host_info_module.html
 */
import { flagOption } from "../lib/option-values.ts";
import type { Data, ModuleSpec } from "../module.ts";
import { withDaemon } from "./lib/daemon.ts";
import { DAEMON_OPTIONS } from "./lib/daemon-options.ts";
import { filtersOption } from "./lib/filters.ts";
import { asData, at } from "./lib/json.ts";

const what = (name: string) =>
  ({ type: "bool", default: false, description: `Tell about ${name}, too.` }) as const;
const filters = (name: string) =>
  ({ type: "dict", description: `Which ${name}: as the daemon's filters.` }) as const;

export const spec = {
  name: "community.docker.docker_host_info",
  summary: "Tells about a daemon and what it has",
  options: {
    ...DAEMON_OPTIONS,
    containers: what("containers"),
    containers_all: {
      type: "bool",
      default: false,
      description: "Also containers that do not run.",
    },
    containers_filters: filters("containers"),
    images: what("images"),
    images_filters: filters("images"),
    networks: what("networks"),
    networks_filters: filters("networks"),
    volumes: what("volumes"),
    volumes_filters: filters("volumes"),
    disk_usage: what("disk space"),
    verbose_output: {
      type: "bool",
      default: false,
      description: "All that the daemon says, not a selection.",
    },
  },
  checkMode: "full",
  diff: false,
  effect: "talk",
  returns: {
    can_talk_to_docker: "Whether the daemon answered.",
    host_info: "The daemon's own description.",
    containers: "Containers.",
    images: "Images.",
    networks: "Networks.",
    volumes: "Volumes.",
    disk_usage: "Disk space.",
  },
} as const satisfies ModuleSpec;

/** Fields of each kind of thing without verbose_output. */
const SELECTED: Readonly<Record<string, readonly string[]>> = {
  containers: ["Id", "Image", "Command", "Created", "Status", "Ports", "Names"],
  images: ["Id", "RepoTags", "Created", "Size"],
  networks: ["Id", "Driver", "Name", "Scope"],
  volumes: ["Driver", "Name"],
};

export const run = withDaemon(async ({ client }, _context, args) => {
  const verbose = flagOption(args, "verbose_output") === true;
  const result: Record<string, Data> = {
    can_talk_to_docker: true,
    host_info: asData(await client.system.info()),
  };
  if (flagOption(args, "disk_usage")) {
    const usage = await client.system.diskUsage();
    result.disk_usage = asData(verbose ? usage : { LayersSize: at(usage, "LayersSize") ?? 0 });
  }
  const of = (name: string) => filtersOption(args[`${name}_filters`]);
  const lists: Readonly<Record<string, () => Promise<readonly unknown[]>>> = {
    containers: () =>
      client.containers.list({
        all: flagOption(args, "containers_all") ?? false,
        filters: of("containers"),
      }),
    images: () => client.images.list({ filters: of("images") }),
    networks: () => client.networks.list(of("networks")),
    volumes: () => client.volumes.list(of("volumes")),
  };
  for (const [name, list] of Object.entries(lists)) {
    if (!flagOption(args, name)) continue;
    const found = await list();
    result[name] = asData(
      verbose
        ? found
        : found.map((item) =>
            Object.fromEntries(
              (SELECTED[name] ?? []).map((field) => [field, asData(at(item, field))]),
            ),
          ),
    );
  }
  return { changed: false, ...result };
});
