/** Options of docker_container about the process: command, environment, labels, logs, privileges. */
import { splitShell } from "../../../template/python/shlex.ts";
import { fail } from "../../lib/failure.ts";
import { flagOption, listOption, numberOption, textOption } from "../../lib/option-values.ts";
import type { Arguments, Data } from "../../module.ts";
import { asData, at, isObject, listAt, objectAt, textAt, textDict } from "../lib/json.ts";
import { durationOf, type Setting, type SettingKind, sortedSet } from "./setting.ts";

/** An option that is one field of the configuration. */
export function configField(
  option: string,
  field: string,
  kind: SettingKind,
  wanted: Setting["wanted"],
): Setting {
  return {
    option,
    kind,
    wanted,
    current: ({ Config }) => at(Config, field) as Data | undefined,
    put: ({ config }, value) => {
      config[field] = value;
    },
  };
}

/** An option that is one field of the host's configuration. */
export function hostField(
  option: string,
  field: string,
  kind: SettingKind,
  wanted: Setting["wanted"],
): Setting {
  return {
    option,
    kind,
    wanted,
    current: ({ HostConfig }) => at(HostConfig, field) as Data | undefined,
    put: ({ host }, value) => {
      host[field] = value;
    },
  };
}

export const text = (option: string) => (args: Arguments) => textOption(args, option);
export const flag = (option: string) => (args: Arguments) => flagOption(args, option);
export const number = (option: string) => (args: Arguments) => numberOption(args, option);
export const list = (option: string) => (args: Arguments) => listOption(args, option);
export const set = (option: string) => (args: Arguments) => {
  const items = listOption(args, option);
  return items && sortedSet(items);
};
export const dict = (option: string) => (args: Arguments) => textDict(args[option]);

/** A command as a list of words. */
function commandWords(args: Arguments, option: string): string[] | undefined {
  const given = args[option];
  if (given === undefined || given === null) return undefined;
  if (typeof given === "string") return splitShell(given);
  const items = listOption(args, option) ?? [];
  if (args.command_handling !== "compatibility") return items;
  return items.length === 0 ? undefined : splitShell(items.join(" "));
}

/** `NAME=value` of every variable, sorted. */
export function environmentList(variables: Readonly<Record<string, string>>): string[] {
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${value}`)
    .sort();
}

function byName(entries: readonly unknown[]): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => {
      const text = String(entry);
      const equal = text.indexOf("=");
      return equal < 0 ? [text, ""] : [text.slice(0, equal), text.slice(equal + 1)];
    }),
  );
}

function strings(args: Arguments, option: string): Record<string, string> | undefined {
  const given = args[option];
  if (!isObject(given)) return undefined;
  for (const [name, value] of Object.entries(given)) {
    if (typeof value !== "string") {
      return fail(
        `the value of ${option} '${name}' is no text: put it in quotes, so that it is clear what is meant`,
      );
    }
  }
  return given as Record<string, string>;
}

function health(args: Arguments): Data | undefined {
  const given = args.healthcheck;
  if (!isObject(given)) return undefined;
  const wanted: Record<string, Data> = {};
  const test = given.test as Data | undefined;
  if (test === null || test === undefined || test === "") {
    if (given.test_cli_compatible !== true) return undefined;
  } else {
    wanted.test =
      typeof test === "string" ? ["CMD-SHELL", test] : (listOption({ test }, "test") ?? []);
    if (JSON.stringify(wanted.test) === '["NONE"]') return wanted;
  }
  for (const name of ["interval", "timeout", "start_period", "start_interval"]) {
    const value = given[name];
    if (typeof value === "string") wanted[name] = durationOf(`healthcheck.${name}`, value);
  }
  if (typeof given.retries === "number") wanted.retries = given.retries;
  return wanted;
}

const HEALTH_FIELDS: readonly (readonly [option: string, field: string])[] = [
  ["test", "Test"],
  ["interval", "Interval"],
  ["timeout", "Timeout"],
  ["retries", "Retries"],
  ["start_period", "StartPeriod"],
  ["start_interval", "StartInterval"],
];

export const PROCESS_SETTINGS: readonly Setting[] = [
  hostField("annotations", "Annotations", "dict", dict("annotations")),
  hostField("auto_remove", "AutoRemove", "value", flag("auto_remove")),
  hostField("cap_drop", "CapDrop", "set", set("cap_drop")),
  hostField("capabilities", "CapAdd", "set", set("capabilities")),
  hostField("cgroup_parent", "CgroupParent", "value", text("cgroup_parent")),
  hostField("cgroupns_mode", "CgroupnsMode", "value", text("cgroupns_mode")),
  configField("command", "Cmd", "list", (args) => commandWords(args, "command")),
  configField("entrypoint", "Entrypoint", "list", (args) => commandWords(args, "entrypoint")),
  {
    option: "detach",
    kind: "value",
    wanted: flag("detach"),
    current: ({ Config }) => !(at(Config, "AttachStdout") && at(Config, "AttachStderr")),
    put: ({ config }, value) => {
      config.AttachStdout = value !== true;
      config.AttachStderr = value !== true;
    },
  },
  {
    option: "env",
    kind: "set",
    wanted: (args) => {
      const variables = strings(args, "env");
      return variables && environmentList(variables);
    },
    current: ({ Config }) => listAt(Config, "Env").map(String).sort(),
    put: ({ config }, value) => {
      config.Env = value;
    },
    withImage: (value, image) =>
      environmentList({ ...byName(listAt(image, "Config", "Env")), ...byName(value as string[]) }),
  },
  hostField("groups", "GroupAdd", "set", set("groups")),
  {
    option: "healthcheck",
    kind: "dict",
    wanted: health,
    current: ({ Config }) => {
      const found = objectAt(Config, "Healthcheck");
      return Object.fromEntries(
        HEALTH_FIELDS.filter(([, field]) => found[field]).map(([option, field]) => [
          option,
          asData(found[field]),
        ]),
      );
    },
    put: ({ config }, value) => {
      const wanted = objectAt(value);
      config.Healthcheck = Object.fromEntries(
        HEALTH_FIELDS.filter(([option]) => option in wanted).map(([option, field]) => [
          field,
          wanted[option],
        ]),
      );
    },
  },
  hostField("init", "Init", "value", flag("init")),
  configField("interactive", "OpenStdin", "value", flag("interactive")),
  hostField("ipc_mode", "IpcMode", "value", text("ipc_mode")),
  {
    ...configField("labels", "Labels", "dict", (args) => strings(args, "labels")),
    withImage: (value, image) => ({
      ...(objectAt(image, "Config", "Labels") as Record<string, string>),
      ...(value as Record<string, string>),
    }),
  },
  {
    option: "log_driver",
    kind: "value",
    wanted: text("log_driver"),
    current: ({ HostConfig }) => textAt(HostConfig, "LogConfig", "Type"),
    put: ({ host }, value) => {
      host.LogConfig = { ...objectAt(host, "LogConfig"), Type: value };
    },
  },
  {
    option: "log_options",
    kind: "dict",
    wanted: (args) => (args.log_driver === undefined ? undefined : dict("log_options")(args)),
    current: ({ HostConfig }) => asData(objectAt(HostConfig, "LogConfig", "Config")),
    put: ({ host }, value) => {
      host.LogConfig = { ...objectAt(host, "LogConfig"), Config: value };
    },
  },
  hostField("pid_mode", "PidMode", "value", text("pid_mode")),
  {
    option: "platform",
    kind: "value",
    wanted: (args) => {
      const wanted = textOption(args, "platform")?.toLowerCase();
      return wanted?.includes("/") || wanted === undefined ? wanted : `linux/${wanted}`;
    },
    current: (container, image) => {
      if (!image) return textAt(container, "Platform");
      const variant = image.Variant ? `/${image.Variant}` : "";
      return `${image.Os}/${image.Architecture}${variant}`;
    },
    put: () => undefined,
  },
  hostField("privileged", "Privileged", "value", flag("privileged")),
  {
    option: "restart_policy",
    kind: "value",
    wanted: text("restart_policy"),
    // The daemon writes nothing for `no` in a container that was made without a policy.
    current: ({ HostConfig }) => textAt(HostConfig, "RestartPolicy", "Name") || "no",
    put: ({ host }, value) => {
      host.RestartPolicy = { ...objectAt(host, "RestartPolicy"), Name: value };
    },
    update: (value) => ({ RestartPolicy: { Name: value } }),
  },
  {
    option: "restart_retries",
    kind: "value",
    wanted: (args) =>
      args.restart_policy === undefined ? undefined : number("restart_retries")(args),
    current: ({ HostConfig }) => asData(at(HostConfig, "RestartPolicy", "MaximumRetryCount") ?? 0),
    put: ({ host }, value) => {
      host.RestartPolicy = { ...objectAt(host, "RestartPolicy"), MaximumRetryCount: value };
    },
    update: (value) => ({ RestartPolicy: { MaximumRetryCount: value } }),
  },
  hostField("runtime", "Runtime", "value", text("runtime")),
  hostField("security_opts", "SecurityOpt", "set", set("security_opts")),
  configField("stop_signal", "StopSignal", "value", text("stop_signal")),
  configField("stop_timeout", "StopTimeout", "value", number("stop_timeout")),
  hostField("sysctls", "Sysctls", "dict", dict("sysctls")),
  configField("tty", "Tty", "value", flag("tty")),
  configField("user", "User", "value", text("user")),
  hostField("userns_mode", "UsernsMode", "value", text("userns_mode")),
  hostField("uts", "UTSMode", "value", text("uts")),
  configField("working_dir", "WorkingDir", "value", text("working_dir")),
];
