/** The OCI runtime configuration of a container (runtime-spec, config.md), with Docker's defaults. */
import { readFileSync } from "node:fs";
import { seccompProfile } from "./seccomp.ts";

const CAPABILITIES = [
  ...["CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID"],
  ...["SETFCAP", "SETPCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "KILL", "AUDIT_WRITE"],
].map((name) => `CAP_${name}`);

const MASKED = [
  ...["/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys"],
  ...["/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug"],
  ...["/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap"],
];

const READONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface ContainerOptions {
  readonly args: readonly string[];
  /** Path of the root directory. */
  readonly root: string;
  readonly env: readonly string[];
  readonly network: "host" | "none";
  readonly hostname: string;
  /** Files and directories of the controller; `target` is an absolute path in the container. */
  readonly binds: readonly {
    readonly source: string;
    readonly target: string;
    readonly writable?: boolean;
  }[];
  /** In a user namespace sysfs cannot be mounted anew unless the network is the container's own. */
  readonly rootless: boolean;
}

/** `env` with the variables that every process expects. */
export function completeEnv(env: readonly string[]): string[] {
  const has = (name: string) => env.some((entry) => entry.startsWith(`${name}=`));
  return [
    ...(has("PATH") ? [] : [`PATH=${DEFAULT_PATH}`]),
    ...(has("HOME") ? [] : ["HOME=/root"]),
    ...env,
  ];
}

/** `config.json` of the bundle. */
export function containerConfig(options: ContainerOptions): object {
  const bindSysfs = options.rootless && options.network === "host";
  const mount = (destination: string, type: string, source: string, list: string) => ({
    destination,
    type,
    source,
    options: list.split(","),
  });
  const bind = (source: string, target: string, list: string) =>
    mount(target, "bind", source, `rbind,rprivate,${list}`);
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: options.args,
      env: completeEnv(options.env),
      cwd: "/",
      capabilities: {
        bounding: CAPABILITIES,
        effective: CAPABILITIES,
        permitted: CAPABILITIES,
      },
      // Node raises its own limit to the highest; programs that walk all descriptors would crawl.
      rlimits: [{ type: "RLIMIT_NOFILE", soft: Math.min(1024, openFiles()), hard: openFiles() }],
      // su and sudo must work.
      noNewPrivileges: false,
    },
    root: { path: options.root, readonly: false },
    hostname: options.hostname,
    mounts: [
      mount("/proc", "proc", "proc", "nosuid,noexec,nodev"),
      // Read-only: without a device cgroup nobody shall make a node of the host's disk here, and
      // nothing that a script leaves in it would be in a layer.
      mount("/dev", "tmpfs", "tmpfs", "nosuid,noexec,strictatime,mode=755,size=65536k,ro"),
      mount(
        "/dev/pts",
        "devpts",
        "devpts",
        "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5",
      ),
      mount("/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=65536k"),
      mount("/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev"),
      bindSysfs
        ? bind("/sys", "/sys", "nosuid,noexec,nodev,ro")
        : mount("/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro"),
      ...options.binds.map((b) =>
        bind(b.source, b.target, b.writable ? "rw,nodev,nosuid" : "ro,nodev,nosuid"),
      ),
    ],
    linux: {
      namespaces: [
        "pid",
        "ipc",
        "uts",
        "mount",
        ...(options.network === "none" ? ["network"] : []),
      ].map((type) => ({ type })),
      seccomp: seccompProfile(),
      maskedPaths: MASKED,
      readonlyPaths: READONLY,
    },
  };
}

/** The most files this process may let another one open. */
function openFiles(): number {
  const line = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "latin1"));
  return Math.min(line ? Number(line[1]) : 1024, 1_048_576);
}
