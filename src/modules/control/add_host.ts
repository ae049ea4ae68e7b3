/** ansible.builtin.add_host: puts a host into the inventory of the run. */
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.add_host",
  summary: "Add a host (and alternatively a group) to the in-memory inventory",
  options: {
    name: {
      type: "raw",
      description: "The host, with a port if need be.",
      aliases: ["host", "hostname"],
    },
    groups: { type: "raw", description: "Its groups.", aliases: ["group", "groupname"] },
  },
  anyOption: true,
  freeForm: "_raw_params",
  checkMode: "full",
  diff: false,
  effect: "talk",
  returns: { add_host: "The host's name, groups and variables." },
} as const satisfies ModuleSpec;

export async function run(_context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const { name, groups, _raw_params, ...rest } = args;
  if (name === undefined || name === null) {
    return { failed: true, msg: "name, host or hostname needs to be provided" };
  }
  const vars: Record<string, Data> = {};
  for (const [key, value] of Object.entries(rest)) if (value !== undefined) vars[key] = value;
  const { host, port } = splitPort(String(name));
  if (port !== undefined) vars.ansible_ssh_port = port;
  return {
    changed: true,
    add_host: { host_name: host, groups: groupList(groups), host_vars: vars },
  };
}

function groupList(groups: Data | undefined): string[] {
  if (groups === undefined || groups === null) return [];
  const list: readonly Data[] = Array.isArray(groups) ? groups : String(groups).split(",");
  return list.map((group) => String(group).trim()).filter((group) => group !== "");
}

function splitPort(name: string): { host: string; port: number | undefined } {
  const match = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(name);
  if (!match?.[1]) return { host: name, port: undefined };
  return { host: match[1].replace(/^\[|\]$/g, ""), port: Number(match[2]) };
}
