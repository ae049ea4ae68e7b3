/**
 * `community.docker.docker_network`.
 * @see https://docs.ansible.com/ansible/latest/collections/community/docker/docker_network_module.html
 */
import { flagOption, textOption } from "../lib/option-values.ts";
import type { ModuleSpec } from "../module.ts";
import { Changes } from "./lib/changes.ts";
import { withDaemon } from "./lib/daemon.ts";
import { DAEMON_OPTIONS } from "./lib/daemon-options.ts";
import { asData } from "./lib/json.ts";
import { findNetwork } from "./lib/networks.ts";
import { connectContainers, removeNetwork } from "./network/containers.ts";
import { networkBody, networkDifferences } from "./network/settings.ts";

export const spec = {
  name: "community.docker.docker_network",
  summary: "Manages networks",
  options: {
    ...DAEMON_OPTIONS,
    name: {
      type: "str",
      required: true,
      aliases: ["network_name"],
      description: "Name of the network.",
    },
    state: {
      type: "str",
      choices: ["absent", "present"],
      default: "present",
      description: "What is to be.",
    },
    appends: {
      type: "bool",
      default: false,
      aliases: ["incremental"],
      description: "Leave containers in it that are not named.",
    },
    attachable: { type: "bool", description: "Containers may be attached by hand (overlay)." },
    config_from: { type: "str", description: "Network whose configuration is taken." },
    config_only: { type: "bool", description: "Only a configuration for other networks." },
    connected: {
      type: "list",
      elements: "str",
      default: [],
      aliases: ["containers"],
      description: "Containers in it.",
    },
    driver: { type: "str", default: "bridge", description: "Driver." },
    driver_options: { type: "dict", default: {}, description: "Options of the driver." },
    enable_ipv4: { type: "bool", description: "IPv4 (daemons of API 1.47 and newer)." },
    enable_ipv6: { type: "bool", description: "IPv6." },
    force: { type: "bool", default: false, description: "Make it anew in any case." },
    ingress: { type: "bool", description: "The routing mesh of a swarm." },
    internal: { type: "bool", description: "No way out of it." },
    ipam_config: {
      type: "list",
      elements: "dict",
      description: "Address ranges.",
      options: {
        subnet: { type: "str", description: "Subnet in CIDR notation." },
        iprange: { type: "str", description: "Range that addresses are taken from." },
        gateway: { type: "str", description: "Gateway." },
        aux_addresses: { type: "dict", description: "Addresses that are in use otherwise." },
      },
    },
    ipam_driver: { type: "str", description: "Driver of the address management." },
    ipam_driver_options: { type: "dict", description: "Its options." },
    labels: { type: "dict", default: {}, description: "Labels." },
    scope: { type: "str", choices: ["local", "global", "swarm"], description: "Scope." },
  },
  checkMode: "full",
  diff: true,
  effect: "talk",
  returns: { network: "The network as the daemon describes it." },
} as const satisfies ModuleSpec;

export const run = withDaemon(async (daemon, context, args) => {
  const changes = new Changes(context, args);
  const name = textOption(args, "name") ?? "";
  const { client } = daemon;
  const before = await findNetwork(client, name);
  let network = before;
  if (textOption(args, "state") === "absent") {
    changes.differs("exists", network !== undefined, false);
    if (network) await removeNetwork(client, changes, network);
    return changes.result({}, true);
  }
  const differences = network ? networkDifferences(args, network) : [];
  changes.differs("exists", network !== undefined, true);
  for (const [what, was, is] of differences) changes.differs(what, was, is);
  changes.differences = differences.map(([what]) => what);
  if (network && (differences.length > 0 || flagOption(args, "force"))) {
    await removeNetwork(client, changes, network);
    network = undefined;
  }
  let id = network?.Id ?? name;
  if (!network) {
    const action = `Created network ${name} with driver ${textOption(args, "driver")}`;
    await changes.act(action, async () => {
      id = await client.networks.create(networkBody(args));
    });
  }
  await connectContainers(client, changes, args, before, network, id);
  const found = await findNetwork(client, name);
  return changes.result(found ? { network: asData(found) } : {});
});
