/**
 * `docker`, as Ansible had it before `docker_container`: the same container, under its first names.
 * @see https://docs.ansible.com/ansible/2.3/docker_module.html
 */
import { textOption } from "../lib/option-values.ts";
import type { Arguments, Data, ModuleSpec } from "../module.ts";
import { manageContainer } from "./docker_container.ts";
import { withDaemon } from "./lib/daemon.ts";
import { DAEMON_OPTIONS } from "./lib/daemon-options.ts";

const texts = (description: string) => ({ type: "list", elements: "str", description }) as const;

export const spec = {
  name: "community.docker.docker",
  aliases: ["ansible.builtin.docker"],
  summary: "Manages a container, with the arguments of Ansible's first docker module",
  options: {
    ...DAEMON_OPTIONS,
    image: { type: "str", description: "Image." },
    name: { type: "str", required: true, description: "Name of the container." },
    state: {
      type: "str",
      choices: [
        "present",
        "running",
        "started",
        "reloaded",
        "restarted",
        "stopped",
        "killed",
        "absent",
      ],
      default: "started",
      description: "What is to be.",
    },
    pull: {
      type: "str",
      choices: ["missing", "always"],
      default: "missing",
      description: "When the image is pulled.",
    },
    command: { type: "str", description: "Command." },
    entrypoint: { type: "str", description: "Entry point." },
    detach: { type: "bool", default: true, description: "Leave it running." },
    tty: { type: "bool", default: false, description: "Give it a terminal." },
    stdin_open: { type: "bool", default: false, description: "Keep its input open." },
    ports: texts("Ports of the host."),
    expose: texts("Further ports that it listens on."),
    publish_all_ports: { type: "bool", default: false, description: "Publish every port." },
    volumes: texts("Volumes."),
    volumes_from: texts("Containers whose volumes it has too."),
    links: texts("Links to containers."),
    devices: texts("Devices."),
    env: { type: "dict", description: "Environment." },
    env_file: { type: "path", description: "File with environment." },
    labels: { type: "dict", description: "Labels." },
    hostname: { type: "str", description: "Host name." },
    domainname: { type: "str", description: "Domain name." },
    dns: texts("Name servers."),
    net: { type: "str", description: "Network." },
    pid: { type: "str", description: "PID namespace." },
    memory_limit: { type: "str", description: "Limit of memory." },
    cpu_shares: { type: "int", description: "Relative weight of CPU time." },
    cpu_set: { type: "str", description: "CPUs." },
    privileged: { type: "bool", default: false, description: "Give all privileges." },
    read_only: { type: "bool", description: "Mount the root filesystem read-only." },
    cap_add: texts("Capabilities to add."),
    cap_drop: texts("Capabilities to take away."),
    log_driver: { type: "str", description: "Log driver." },
    log_opt: { type: "dict", description: "Options of the log driver." },
    restart_policy: {
      type: "str",
      choices: ["no", "on-failure", "always", "unless-stopped"],
      description: "When it is started again.",
    },
    restart_policy_retry: { type: "int", description: "How often, with on-failure." },
    stop_timeout: { type: "int", default: 10, description: "Seconds until it is killed." },
    ulimits: texts("Limits of processes."),
    docker_user: { type: "str", description: "User of its process." },
  },
  checkMode: "full",
  diff: true,
  effect: "talk",
  returns: { container: "The container as the daemon describes it." },
} as const satisfies ModuleSpec;

/** First name and name in docker_container. */
const RENAMED: Readonly<Record<string, string>> = {
  ports: "published_ports",
  expose: "exposed_ports",
  stdin_open: "interactive",
  dns: "dns_servers",
  net: "network_mode",
  pid: "pid_mode",
  memory_limit: "memory",
  cpu_set: "cpuset_cpus",
  cap_add: "capabilities",
  log_opt: "log_options",
  restart_policy_retry: "restart_retries",
  docker_user: "user",
};

export const run = withDaemon(async (daemon, context, args) => {
  const state = textOption(args, "state") ?? "started";
  const given: Record<string, Data | undefined> = {
    networks_cli_compatible: true,
    keep_volumes: true,
    image_name_mismatch: "ignore",
    image_comparison: "desired-image",
    command_handling: "correct",
    force_kill: state === "killed",
    restart: state === "restarted",
  };
  for (const [name, value] of Object.entries(args)) given[RENAMED[name] ?? name] = value;
  given.state = stateOf(state);
  const result = await manageContainer(daemon, context, given as Arguments);
  const found = result.container;
  return found === undefined
    ? result
    : { ...result, ansible_facts: { docker_containers: [found] } };
});

function stateOf(state: string): string {
  if (state === "absent" || state === "present") return state;
  return state === "stopped" || state === "killed" ? "stopped" : "started";
}
