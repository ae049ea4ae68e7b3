/** ansible.builtin.yum_repository: repositories of dnf and yum. */

import { quote } from "../../connection/connection.ts";
import { listOption, textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import { errorOf } from "../lib/sections.ts";
import { modeText, readText, writeText } from "../lib/text-file.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";

export const spec = {
  name: "ansible.builtin.yum_repository",
  summary: "Add and remove repositories of dnf and yum",
  options: {
    name: { type: "str", required: true, description: "Id of the repository." },
    state: {
      type: "str",
      default: "present",
      choices: ["absent", "present"],
      description: "Whether the repository is there.",
    },
    file: { type: "str", description: "Name of the file, without `.repo`; the id by default." },
    reposdir: { type: "path", default: "/etc/yum.repos.d", description: "Directory of the file." },
    mode: { type: "raw", description: "Mode of the file." },
    owner: { type: "str", description: "Owner of the file." },
    group: { type: "str", description: "Group of the file." },
    async: { type: "bool", description: "dnf's `async`." },
    bandwidth: { type: "str", description: "dnf's `bandwidth`." },
    baseurl: { type: "list", elements: "str", description: "dnf's `baseurl`." },
    cost: { type: "str", description: "dnf's `cost`." },
    countme: { type: "bool", description: "dnf's `countme`." },
    deltarpm_metadata_percentage: {
      type: "str",
      description: "dnf's `deltarpm_metadata_percentage`.",
    },
    deltarpm_percentage: { type: "str", description: "dnf's `deltarpm_percentage`." },
    description: { type: "str", description: "Name of the repository for people." },
    enabled: { type: "bool", description: "dnf's `enabled`." },
    enablegroups: { type: "bool", description: "dnf's `enablegroups`." },
    exclude: {
      type: "list",
      elements: "str",
      aliases: ["excludepkgs"],
      description: "dnf's `exclude`.",
    },
    failovermethod: {
      type: "str",
      choices: ["roundrobin", "priority"],
      description: "dnf's `failovermethod`.",
    },
    gpgcakey: { type: "str", description: "dnf's `gpgcakey`." },
    gpgcheck: { type: "bool", description: "dnf's `gpgcheck`." },
    gpgkey: { type: "list", elements: "str", description: "dnf's `gpgkey`." },
    http_caching: {
      type: "str",
      choices: ["all", "packages", "none"],
      description: "dnf's `http_caching`.",
    },
    include: { type: "str", description: "dnf's `include`." },
    includepkgs: { type: "list", elements: "str", description: "dnf's `includepkgs`." },
    ip_resolve: {
      type: "str",
      choices: ["4", "6", "IPv4", "IPv6", "whatever"],
      description: "dnf's `ip_resolve`.",
    },
    keepalive: { type: "bool", description: "dnf's `keepalive`." },
    keepcache: { type: "str", choices: ["0", "1"], description: "dnf's `keepcache`." },
    metadata_expire: { type: "str", description: "dnf's `metadata_expire`." },
    metadata_expire_filter: {
      type: "str",
      choices: ["never", "read-only:past", "read-only:present", "read-only:future"],
      description: "dnf's `metadata_expire_filter`.",
    },
    metalink: { type: "str", description: "dnf's `metalink`." },
    mirrorlist: { type: "str", description: "dnf's `mirrorlist`." },
    mirrorlist_expire: { type: "str", description: "dnf's `mirrorlist_expire`." },
    module_hotfixes: { type: "bool", description: "dnf's `module_hotfixes`." },
    password: { type: "str", noLog: true, description: "dnf's `password`." },
    priority: { type: "str", description: "dnf's `priority`." },
    protect: { type: "bool", description: "dnf's `protect`." },
    proxy: { type: "str", description: "dnf's `proxy`." },
    proxy_password: { type: "str", noLog: true, description: "dnf's `proxy_password`." },
    proxy_username: { type: "str", description: "dnf's `proxy_username`." },
    repo_gpgcheck: { type: "bool", description: "dnf's `repo_gpgcheck`." },
    retries: { type: "str", description: "dnf's `retries`." },
    s3_enabled: { type: "bool", description: "dnf's `s3_enabled`." },
    skip_if_unavailable: { type: "bool", description: "dnf's `skip_if_unavailable`." },
    ssl_check_cert_permissions: {
      type: "bool",
      description: "dnf's `ssl_check_cert_permissions`.",
    },
    sslcacert: { type: "str", aliases: ["ca_cert"], description: "dnf's `sslcacert`." },
    sslclientcert: { type: "str", aliases: ["client_cert"], description: "dnf's `sslclientcert`." },
    sslclientkey: { type: "str", aliases: ["client_key"], description: "dnf's `sslclientkey`." },
    sslverify: { type: "bool", aliases: ["validate_certs"], description: "dnf's `sslverify`." },
    throttle: { type: "str", description: "dnf's `throttle`." },
    timeout: { type: "str", description: "dnf's `timeout`." },
    ui_repoid_vars: { type: "str", description: "dnf's `ui_repoid_vars`." },
    username: { type: "str", description: "dnf's `username`." },
  },
  requiredIf: [
    ["state", "present", ["baseurl", "mirrorlist", "metalink"], true],
    ["state", "present", ["description"]],
  ],
  checkMode: "full",
  diff: true,
  effect: "target",
  returns: { repo: "Id of the repository.", state: "The state that was asked for." },
} as const satisfies ModuleSpec;

const NOT_KEYS = ["name", "state", "file", "reposdir", "mode", "owner", "group", "description"];

export async function run(context: ModuleContext, given: Arguments): Promise<ModuleResult> {
  const args = await expandPaths(context, spec, given);
  const name = textOption(args, "name") ?? "";
  const state = textOption(args, "state") ?? "present";
  const directory = textOption(args, "reposdir") ?? "/etc/yum.repos.d";
  const path = `${directory}/${textOption(args, "file") ?? name}.repo`;
  const before = await readText(context, path);
  const sections = parseRepositories(before ?? "");
  if (state === "absent") sections.delete(name);
  else sections.set(name, wanted(args));
  const after = dump(sections);
  const unchanged =
    before === undefined ? sections.size === 0 : dump(parseRepositories(before)) === after;
  const shown = { repo: name, state };
  if (unchanged) return { changed: false, ...shown };
  const diff = context.diffMode
    ? { diff: { before_header: path, before: before ?? "", after_header: path, after } }
    : {};
  if (context.checkMode) return { changed: true, ...shown, ...diff };
  if (sections.size === 0) {
    await context.sh(`rm -f ${quote(path)}`);
    return { changed: true, ...shown, ...diff };
  }
  const problem = await writeText(context, path, after, modeText(args.mode));
  if (problem !== undefined)
    return { failed: true, msg: `Cannot open repo file ${path}. ${problem}` };
  const owner = textOption(args, "owner");
  const group = textOption(args, "group");
  if (owner !== undefined || group !== undefined) {
    const done = await context.sh(`chown ${quote(`${owner ?? ""}:${group ?? ""}`)} ${quote(path)}`);
    if (done.rc !== 0) return { failed: true, msg: errorOf(done).trim() };
  }
  return { changed: true, ...shown, ...diff };
}

function wanted(args: Arguments): Map<string, string> {
  const values = new Map<string, string>();
  for (const option of Object.keys(spec.options)) {
    const value = args[option];
    if (NOT_KEYS.includes(option) || value === undefined || value === null) continue;
    values.set(option, valueText(args, option, value));
  }
  values.set("name", textOption(args, "description") ?? "");
  return values;
}

function valueText(args: Arguments, option: string, value: Data): string {
  if (typeof value === "boolean") return value ? "1" : "0";
  if (!Array.isArray(value)) return String(value);
  const items = listOption(args, option) ?? [];
  return option === "exclude" || option === "includepkgs" ? items.join(" ") : items.join("\n");
}

function parseRepositories(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let current: Map<string, string> | undefined;
  let last: string | undefined;
  for (const line of text.split("\n")) {
    if (/^\s*([#;]|$)/.test(line)) continue;
    const header = /^\[(.+)\]/.exec(line)?.[1];
    if (header !== undefined) {
      current = new Map();
      sections.set(header, current);
      last = undefined;
    } else if (/^\s/.test(line) && last !== undefined) {
      current?.set(last, `${current.get(last)}\n${line.trim()}`);
    } else {
      const equals = line.search(/[=:]/);
      last = equals < 0 ? undefined : line.slice(0, equals).trim().toLowerCase();
      if (last !== undefined) current?.set(last, line.slice(equals + 1).trim());
    }
  }
  return sections;
}

/** Sections and keys in order, so that the same repositories are always the same file. */
function dump(sections: ReadonlyMap<string, ReadonlyMap<string, string>>): string {
  return [...sections.keys()]
    .sort()
    .map((name) => {
      const values = sections.get(name) ?? new Map<string, string>();
      const lines = [...values.keys()]
        .sort()
        .map((key) => `${key} = ${(values.get(key) ?? "").replaceAll("\n", "\n\t")}\n`);
      return `[${name}]\n${lines.join("")}\n`;
    })
    .join("");
}
