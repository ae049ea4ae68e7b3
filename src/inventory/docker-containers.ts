/**
 * Containers of a Docker daemon as hosts: `community.docker.docker_containers`, and `-i docker` for
 * the daemon of the environment without any configuration.
 * @see https://docs.ansible.com/ansible/latest/collections/community/docker/docker_containers_inventory.html
 */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { LayerbookError } from "../errors/index.ts";
import { nearest } from "../errors/nearest.ts";
import { isFile } from "../playbook/loader.ts";
import { Templar } from "../template/templar.ts";
import { Dict, type Value } from "../values/model.ts";
import { fromJson, str, truth } from "../values/python.ts";
import { construct } from "./constructed.ts";
import type { Host, Inventory } from "./inventory.ts";
import type { InventoryPlugin, SourceContext } from "./source.ts";

/** What the plugin asks a daemon for. Whoever makes the plugin knows how to reach one. */
export interface ContainerSource {
  /** The daemon's address, as the user would write it. */
  readonly url: string;
  list(): Promise<readonly { readonly Id: string; readonly Names: readonly string[] }[]>;
  /** A container as the daemon describes it; `undefined` when it is gone. */
  inspect(id: string): Promise<ContainerDocument | undefined>;
  close(): void;
}

export interface ContainerDocument {
  readonly Id: string;
  readonly [field: string]: unknown;
}

/** @param option an option of the plugin: `docker_host`, `tls`, ... */
export type OpenContainers = (option: (name: string) => Value | undefined) => ContainerSource;

const NAMES = ["docker_containers", "community.docker.docker_containers"];

/** Options that say which daemon; the docker_api connection gets them too. */
const DAEMON_OPTIONS = [
  "docker_host",
  "tls_hostname",
  "api_version",
  "timeout",
  "ca_path",
  "ca_cert",
  "client_cert",
  "client_key",
  "ssl_version",
  "tls",
  "validate_certs",
  "use_ssh_client",
];

const OPTIONS = new Set([
  ...DAEMON_OPTIONS,
  "plugin",
  "add_legacy_groups",
  "compose",
  "configure_docker_daemon",
  "connection_type",
  "debug",
  "default_ip",
  "filters",
  "groups",
  "keyed_groups",
  "leading_separator",
  "private_ssh_port",
  "strict",
  "use_extra_vars",
  "verbose_output",
]);

/** What `-i docker` means. */
const WITHOUT_CONFIGURATION = {
  verbose_output: true,
  configure_docker_daemon: false,
  groups: {
    running: "docker_state.Running",
    stopped: "not docker_state.Running",
  },
  keyed_groups: [
    { prefix: "image", key: "docker_config.Image" },
    { prefix: "state", key: "docker_state.Status" },
    { prefix: "label", key: "docker_config.Labels | default({}, true)" },
    {
      prefix: "project",
      key: "(docker_config.Labels | default({}, true))['com.docker.compose.project']",
    },
    {
      prefix: "service",
      key: "(docker_config.Labels | default({}, true))['com.docker.compose.service']",
    },
  ],
};

/** The plugin that configurations name. */
export function dockerInventory(open: OpenContainers): InventoryPlugin {
  return {
    name: "community.docker.docker_containers",
    accepts(source, context) {
      if (!isFile(source) || !/docker\.ya?ml$/.test(source)) return false;
      const data = context.loadYaml(source);
      return data instanceof Dict && NAMES.includes(str(data.get("plugin") ?? ""));
    },
    async parse(inventory, source, context) {
      const config = context.loadYaml(source);
      if (config instanceof Dict) await readDaemon(inventory, source, config, context, open);
    },
  };
}

/** The word `docker` as a source, where no file of that name is: the daemon of the environment. */
export function dockerDaemonInventory(open: OpenContainers): InventoryPlugin {
  return {
    name: "docker",
    accepts: (source) => basename(source) === "docker" && !existsSync(source),
    async parse(inventory, source, context) {
      const config = fromJson(WITHOUT_CONFIGURATION);
      if (config instanceof Dict) await readDaemon(inventory, source, config, context, open);
    },
  };
}

/** How many containers are asked about at once. */
const AT_ONCE = 16;

async function readDaemon(
  inventory: Inventory,
  source: string,
  config: Dict,
  context: SourceContext,
  open: OpenContainers,
): Promise<void> {
  checkOptions(config, source);
  const daemon = open((name) => config.get(name) ?? undefined);
  try {
    const found = await daemon.list();
    for (let from = 0; from < found.length; from += AT_ONCE) {
      const some = found.slice(from, from + AT_ONCE);
      const documents = await Promise.all(some.map(({ Id }) => daemon.inspect(Id)));
      documents.forEach((document, index) => {
        const names = some[index]?.Names ?? [];
        // Removed since it was listed: it is no host.
        if (document) addContainer(inventory, source, config, context, daemon.url, document, names);
      });
    }
  } finally {
    daemon.close();
  }
}

function checkOptions(config: Dict, source: string): void {
  for (const [key] of config) {
    const name = str(key);
    if (OPTIONS.has(name)) continue;
    const close = nearest(name, [...OPTIONS]);
    throw new LayerbookError(`${source}: docker_containers has no option '${name}'`, {
      ...(close ? { hint: `Did you mean '${close}'?` } : {}),
    });
  }
  const type = str(config.get("connection_type") ?? "docker-api");
  if (!["ssh", "docker-cli", "docker-api"].includes(type)) {
    throw new LayerbookError(
      `${source}: connection_type must be ssh, docker-cli or docker-api, not '${type}'`,
    );
  }
}

function addContainer(
  inventory: Inventory,
  source: string,
  config: Dict,
  context: SourceContext,
  url: string,
  document: ContainerDocument,
  names: readonly string[],
): void {
  const shortId = document.Id.slice(0, 13);
  // The names that links give have a second slash.
  const own = names.find((name) => name.lastIndexOf("/") === 0) ?? names[0] ?? shortId;
  const name = own.replace(/^\//, "");
  const facts = new Map<string, Value>();
  for (const [field, value] of Object.entries(document)) {
    facts.set(`docker_${slug(field)}`, fromJson(value));
  }
  if (!isWanted(config, context, facts, name)) return;
  const host = inventory.addHost(name, undefined, source);
  host.vars.set("docker_name", name);
  host.vars.set("docker_short_id", shortId);
  for (const [key, value] of connectionVars(config, document, name, url)) host.vars.set(key, value);
  if (truth(config.get("verbose_output") ?? false)) {
    for (const [key, value] of facts) host.vars.set(key, value);
  }
  inventory.reconcile();
  construct(inventory, host, config, context, facts);
  if (truth(config.get("add_legacy_groups") ?? false)) {
    legacyGroups(inventory, host, document, shortId, url);
  }
}

/** `NetworkSettings` becomes `networksettings`. */
function slug(field: string): string {
  return field
    .replace(/[^\w-]/g, "_")
    .toLowerCase()
    .replace(/^_+/, "");
}

/** The first filter whose condition is met decides; without one the container is a host. */
function isWanted(
  config: Dict,
  context: SourceContext,
  facts: ReadonlyMap<string, Value>,
  name: string,
): boolean {
  const filters = config.get("filters");
  if (!Array.isArray(filters)) return true;
  const variables = new Map([...facts, ["inventory_hostname", name]]);
  const templar = new Templar(context.environment, {
    get: (variable) => variables.get(variable),
    names: () => variables.keys(),
  });
  const meets = (condition: Value) => {
    try {
      return templar.evaluateCondition(condition);
    } catch (error) {
      if (!(error instanceof LayerbookError) || truth(config.get("strict") ?? false)) throw error;
      return false;
    }
  };
  for (const filter of filters) {
    const kind =
      filter instanceof Dict ? ["include", "exclude"].find((k) => filter.has(k)) : undefined;
    if (!(filter instanceof Dict) || kind === undefined || filter.size !== 1) {
      throw new LayerbookError(
        "a filter of docker_containers is `include: CONDITION` or `exclude: CONDITION`",
      );
    }
    if (meets(filter.get(kind) ?? true)) return kind === "include";
  }
  return true;
}

function connectionVars(
  config: Dict,
  document: ContainerDocument,
  name: string,
  url: string,
): [string, Value][] {
  switch (str(config.get("connection_type") ?? "docker-api")) {
    case "ssh": {
      const port = str(config.get("private_ssh_port") ?? 22);
      const settings = document.NetworkSettings as { Ports?: Record<string, Binding[] | null> };
      const binding = settings?.Ports?.[`${port}/tcp`]?.[0];
      const address =
        binding?.HostIp === "0.0.0.0" ? (config.get("default_ip") ?? "127.0.0.1") : binding?.HostIp;
      return [
        ["ansible_ssh_host", address ?? ""],
        ["ansible_ssh_port", binding?.HostPort ?? 0],
      ];
    }
    case "docker-cli":
      return [
        ["ansible_connection", "community.docker.docker"],
        ["ansible_host", name],
        ...(truth(config.get("docker_host") ?? false)
          ? ([["ansible_docker_docker_host", url]] as [string, Value][])
          : []),
      ];
    default: {
      const own: [string, Value][] = [
        ["ansible_connection", "community.docker.docker_api"],
        ["ansible_host", name],
      ];
      if (!truth(config.get("configure_docker_daemon") ?? true)) return own;
      const given = new Map<string, Value>([
        ["docker_host", url],
        ["api_version", "auto"],
        ["timeout", 60],
        ["tls", false],
        ["use_ssh_client", false],
        ["validate_certs", false],
      ]);
      for (const option of DAEMON_OPTIONS) {
        const value = config.get(option);
        if (value !== undefined && value !== null) given.set(option, value);
      }
      return [
        ...own,
        ...Array.from(given, ([key, value]): [string, Value] => [`ansible_docker_${key}`, value]),
      ];
    }
  }
}

interface Binding {
  readonly HostIp?: string;
  readonly HostPort?: string;
}

/** The groups of the inventory script that there was before the plugin. */
function legacyGroups(
  inventory: Inventory,
  host: Host,
  document: ContainerDocument,
  shortId: string,
  url: string,
): void {
  const config = document.Config as { Image?: string; Labels?: Record<string, string> } | undefined;
  const labels = config?.Labels ?? {};
  const running = (document.State as { Running?: boolean } | undefined)?.Running === true;
  const groups = [
    document.Id,
    host.name,
    shortId,
    ...(config?.Image ? [`image_${config.Image}`] : []),
    ...(labels["com.docker.stack.namespace"]
      ? [`stack_${labels["com.docker.stack.namespace"]}`]
      : []),
    ...(labels["com.docker.swarm.service.name"]
      ? [`service_${labels["com.docker.swarm.service.name"]}`]
      : []),
    url,
    running ? "running" : "stopped",
  ];
  for (const group of groups) inventory.addHost(host.name, group);
}
