/**
 * The options of `community.docker.docker_container`.
 * @see https://docs.ansible.com/ansible/latest/collections/community/docker/docker_container_module.html
 */
import type { OptionSpec, OptionType } from "../../module.ts";

type Options = Readonly<Record<string, OptionSpec>>;

const of = (type: OptionType, description: string, more: Partial<OptionSpec> = {}): OptionSpec => ({
  type,
  description,
  ...more,
});
const texts = (description: string, more: Partial<OptionSpec> = {}): OptionSpec =>
  of("list", description, { elements: "str", ...more });
const rates = (what: string, type: OptionType): OptionSpec =>
  of("list", what, {
    elements: "dict",
    options: {
      path: of("str", "Path of the device.", { required: true }),
      rate: of(type, "The limit per second.", { required: true }),
    },
  });

const RESOURCES: Options = {
  blkio_weight: of("int", "Relative weight of block I/O, 10 to 1000."),
  cpu_period: of("int", "Period of the CPU's scheduler, in microseconds."),
  cpu_quota: of("int", "CPU time in a period, in microseconds."),
  cpu_shares: of("int", "Relative weight of CPU time."),
  cpus: of("float", "How many CPUs it may use."),
  cpuset_cpus: of("str", "CPUs that it may run on: 0-3 or 0,1."),
  cpuset_mems: of("str", "Memory nodes that it may use."),
  device_read_bps: rates("Limits of reading from devices, in bytes.", "str"),
  device_read_iops: rates("Limits of reading from devices, in operations.", "int"),
  device_write_bps: rates("Limits of writing to devices, in bytes.", "str"),
  device_write_iops: rates("Limits of writing to devices, in operations.", "int"),
  device_requests: of("list", "Devices such as GPUs that a driver gives.", {
    elements: "dict",
    options: {
      capabilities: of("list", "Lists of capabilities, one of which must be met.", {
        elements: "list",
      }),
      count: of("int", "Number of devices; -1 for all."),
      device_ids: texts("Devices by their ids."),
      driver: of("str", "The driver."),
      options: of("dict", "Options of the driver."),
    },
  }),
  device_cgroup_rules: texts("Rules of the device control group."),
  devices: texts("Devices of the host: host path:container path:permissions."),
  kernel_memory: of("str", "Limit of kernel memory."),
  memory: of("str", "Limit of memory: 512M."),
  memory_reservation: of("str", "Soft limit of memory."),
  memory_swap: of("str", "Limit of memory and swap together; unlimited or -1 for none."),
  memory_swappiness: of("int", "How readily memory is swapped out, 0 to 100."),
  oom_killer: of("bool", "Whether the OOM killer is disabled for it."),
  oom_score_adj: of("int", "How soon it is killed when memory runs out."),
  pids_limit: of("int", "Largest number of processes; -1 for no limit."),
  shm_size: of("str", "Size of /dev/shm."),
  storage_opts: of("dict", "Options of the storage driver."),
  ulimits: texts("Limits of processes: name:soft:hard."),
};

const NETWORK: Options = {
  default_host_ip: of("str", "Address for published ports without one."),
  dns_opts: texts("Options of the resolver."),
  dns_search_domains: texts("Search domains of the resolver."),
  dns_servers: texts("Name servers."),
  domainname: of("str", "Domain name."),
  etc_hosts: of("dict", "Further lines of /etc/hosts: name to address."),
  exposed_ports: texts("Ports that it listens on: 80, 53/udp, 8000-8010.", {
    aliases: ["exposed", "expose"],
  }),
  hostname: of("str", "Host name."),
  links: texts("Links to containers: name:alias."),
  mac_address: of("str", "MAC address."),
  network_mode: of("str", "bridge, host, none, container:NAME or a network's name."),
  networks: of("list", "Networks that it is in.", {
    elements: "dict",
    options: {
      name: of("str", "Name of the network.", { required: true }),
      ipv4_address: of("str", "IPv4 address in the network."),
      ipv6_address: of("str", "IPv6 address in the network."),
      aliases: texts("Further names in the network."),
      links: texts("Containers to link to."),
      mac_address: of("str", "MAC address in the network."),
      driver_opts: of("dict", "Options of the network's driver."),
    },
  }),
  networks_cli_compatible: of(
    "bool",
    "As `docker run --network`: the default network is left out when networks are given.",
    { default: true },
  ),
  publish_all_ports: of("bool", "Publish every exposed port on some port of the host."),
  published_ports: texts("Ports of the host: 8080:80, 127.0.0.1:53:53/udp, 8000-8010:80-90.", {
    aliases: ["ports"],
  }),
  purge_networks: of("bool", "Leave networks that are not given.", { default: false }),
};

const STORAGE: Options = {
  keep_volumes: of("bool", "Keep anonymous volumes when it is removed.", { default: true }),
  mounts: of("list", "Mounts.", {
    elements: "dict",
    options: {
      target: of("str", "Path in the container.", { required: true }),
      source: of("str", "Name of the volume or path of the host."),
      type: of("str", "Kind of mount.", {
        choices: ["bind", "npipe", "tmpfs", "volume"],
        default: "volume",
      }),
      read_only: of("bool", "Mount read-only."),
      consistency: of("str", "Consistency that is needed.", {
        choices: ["cached", "consistent", "default", "delegated"],
      }),
      propagation: of("str", "Propagation of a bind mount.", {
        choices: ["private", "rprivate", "shared", "rshared", "slave", "rslave"],
      }),
      no_copy: of("bool", "Do not fill the volume with what the image has there."),
      labels: of("dict", "Labels of the volume."),
      volume_driver: of("str", "Driver of the volume."),
      volume_options: of("dict", "Options of the volume's driver."),
      tmpfs_size: of("str", "Size of the tmpfs."),
      tmpfs_mode: of("str", "Mode of the tmpfs, octal."),
      create_mountpoint: of("bool", "Make the source of a bind mount when it is not there."),
    },
  }),
  read_only: of("bool", "Mount the root filesystem read-only."),
  tmpfs: texts("Temporary filesystems: path[:options]."),
  volume_driver: of("str", "Driver of volumes."),
  volumes: texts("Volumes and binds: source:path[:mode], or a path for an anonymous volume."),
  volumes_from: texts("Containers whose volumes it has too."),
};

const PROCESS: Options = {
  annotations: of("dict", "Annotations for the runtime."),
  cap_drop: texts("Capabilities to take away."),
  capabilities: texts("Capabilities to add."),
  cgroup_parent: of("str", "Parent control group."),
  cgroupns_mode: of("str", "Namespace of control groups.", { choices: ["host", "private"] }),
  command: of("raw", "Command: a text, split as a shell does, or a list."),
  command_handling: of("str", "What a list means: itself, or words to be split again.", {
    choices: ["compatibility", "correct"],
    default: "correct",
  }),
  entrypoint: texts("Entry point."),
  env: of("dict", "Environment."),
  env_file: of("path", "File on the target with lines NAME=value; `env` wins over it."),
  groups: texts("Further groups of the process."),
  healthcheck: of("dict", "How its health is found out.", {
    options: {
      test: of("raw", "Command: a text, or a list that begins with NONE, CMD or CMD-SHELL."),
      test_cli_compatible: of("bool", "Leave out a test that is not given, as the CLI does.", {
        default: false,
      }),
      interval: of("str", "Time between checks: 1m30s."),
      timeout: of("str", "Longest time of a check."),
      retries: of("int", "Failures until it counts as unhealthy."),
      start_period: of("str", "Time to come up, in which failures do not count."),
      start_interval: of("str", "Time between checks in that period."),
    },
  }),
  init: of("bool", "Run an init that reaps processes."),
  interactive: of("bool", "Keep its input open."),
  ipc_mode: of("str", "IPC namespace: host, private, shareable, container:NAME."),
  labels: of("dict", "Labels."),
  log_driver: of("str", "Log driver."),
  log_options: of("dict", "Options of the log driver.", { aliases: ["log_opt"] }),
  pid_mode: of("str", "PID namespace: host, container:NAME."),
  platform: of("str", "Platform of the image: linux/arm64."),
  privileged: of("bool", "Give all privileges."),
  restart_policy: of("str", "When the daemon starts it again.", {
    choices: ["no", "on-failure", "always", "unless-stopped"],
  }),
  restart_retries: of("int", "How often, with on-failure."),
  runtime: of("str", "Runtime."),
  security_opts: texts("Security options."),
  stop_signal: of("str", "Signal that stops it."),
  stop_timeout: of("int", "Seconds until it is killed when it is stopped."),
  sysctls: of("dict", "Kernel parameters of its namespaces."),
  tty: of("bool", "Give it a terminal."),
  user: of("str", "User, or user:group."),
  userns_mode: of("str", "User namespace."),
  uts: of("str", "UTS namespace."),
  working_dir: of("str", "Working directory."),
};

const BEHAVIOUR: Options = {
  name: of("str", "Name, or the id of a container that exists.", { required: true }),
  image: of("str", "Image: name[:tag], name@digest or an id."),
  state: of("str", "What is to be.", {
    choices: ["absent", "present", "healthy", "stopped", "started"],
    default: "started",
  }),
  pull: of("raw", "When to pull: always (true), missing (false) or never.", { default: "missing" }),
  pull_check_mode_behavior: of("str", "When check mode says that it would be pulled.", {
    choices: ["image_not_present", "always"],
    default: "image_not_present",
  }),
  auto_remove: of("bool", "The daemon removes it when it ends."),
  cleanup: of("bool", "With detach=false: remove it when it has ended.", { default: false }),
  comparisons: of("dict", "How options are compared: strict, ignore or allow_more_present."),
  container_default_behavior: of("str", "Old defaults of some options, or none.", {
    choices: ["compatibility", "no_defaults"],
    default: "no_defaults",
  }),
  detach: of("bool", "Leave it running; false waits for its end and takes its exit code."),
  force_kill: of("bool", "Kill it in place of stopping it.", {
    default: false,
    aliases: ["forcekill"],
  }),
  healthy_wait_timeout: of("float", "Seconds to wait for state=healthy; 0 or less: for ever.", {
    default: 300,
  }),
  ignore_image: of("bool", "As `comparisons: {image: ignore}`.", { default: false }),
  image_comparison: of("str", "Whose configuration counts as the image's.", {
    choices: ["desired-image", "current-image"],
    default: "desired-image",
  }),
  image_label_mismatch: of("str", "What labels of the image that are not given mean.", {
    choices: ["ignore", "fail"],
    default: "ignore",
  }),
  image_name_mismatch: of("str", "What another name of the same image means.", {
    choices: ["recreate", "ignore"],
    default: "recreate",
  }),
  kill_signal: of("str", "Signal that force_kill sends."),
  output_logs: of("bool", "With detach=false: show what it wrote.", { default: false }),
  paused: of("bool", "Whether it is paused."),
  recreate: of("bool", "Make it anew in any case.", { default: false }),
  removal_wait_timeout: of("float", "Seconds to wait until a removed container is gone."),
  restart: of("bool", "Restart it when nothing had to be changed.", { default: false }),
};

export const CONTAINER_OPTIONS: Options = {
  ...BEHAVIOUR,
  ...PROCESS,
  ...NETWORK,
  ...STORAGE,
  ...RESOURCES,
};
