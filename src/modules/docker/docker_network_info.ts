/**
 * `community.docker.docker_network_info`.
 * @see https://docs.ansible.com/ansible/latest/collections/community/docker/docker_network_info_module.html
 */
import { textOption } from "../lib/option-values.ts";
import type { ModuleSpec } from "../module.ts";
import { withDaemon } from "./lib/daemon.ts";
import { DAEMON_OPTIONS } from "./lib/daemon-options.ts";
import { asData } from "./lib/json.ts";
import { findNetwork } from "./lib/networks.ts";

export const spec = {
  name: "community.docker.docker_network_info",
  summary: "Tells about a network",
  options: {
    ...DAEMON_OPTIONS,
    name: { type: "str", required: true, description: "Name or id of the network." },
  },
  checkMode: "full",
  diff: false,
  effect: "talk",
  returns: {
    exists: "Whether there is such a network.",
    network: "The network as the daemon describes it; none when there is none.",
  },
} as const satisfies ModuleSpec;

export const run = withDaemon(async ({ client }, _context, args) => {
  const network = await findNetwork(client, textOption(args, "name") ?? "");
  return { changed: false, exists: network !== undefined, network: asData(network) };
});
