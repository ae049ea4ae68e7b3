/**
 * `community.docker.docker_volume_info`.
 * @see https://docs.ansible.com/ansible/latest/collections/community/docker/docker_volume_info_module.html
 */
import { isNotFound } from "../../docker/index.ts";
import { textOption } from "../lib/option-values.ts";
import type { ModuleSpec } from "../module.ts";
import { withDaemon } from "./lib/daemon.ts";
import { DAEMON_OPTIONS } from "./lib/daemon-options.ts";
import { asData } from "./lib/json.ts";

export const spec = {
  name: "community.docker.docker_volume_info",
  summary: "Tells about a volume",
  options: {
    ...DAEMON_OPTIONS,
    name: {
      type: "str",
      required: true,
      aliases: ["volume_name"],
      description: "Name of the volume.",
    },
  },
  checkMode: "full",
  diff: false,
  effect: "talk",
  returns: {
    exists: "Whether there is such a volume.",
    volume: "The volume as the daemon describes it; none when there is none.",
  },
} as const satisfies ModuleSpec;

export const run = withDaemon(async ({ client }, _context, args) => {
  try {
    const volume = await client.volumes.inspect(textOption(args, "name") ?? "");
    return { changed: false, exists: true, volume: asData(volume) };
  } catch (error) {
    if (isNotFound(error)) return { changed: false, exists: false, volume: null };
    throw error;
  }
});
