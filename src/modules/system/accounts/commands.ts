/** Scripts that create, change and remove accounts: shadow's tools where they are, else busybox's. */
import { quote } from "../../../connection/connection.ts";
import { words } from "../../lib/option-values.ts";
import {
  type Account,
  type Differences,
  expiryDay,
  findGroup,
  furtherGroups,
  type Wanted,
} from "./plan.ts";

/** Sets the password in `$lb_pw`, which the script read from its input: it is in no process list. */
function setPassword(name: string, locked: boolean, busybox: boolean): string {
  const hash = locked ? '"!$lb_pw"' : '"$lb_pw"';
  return `printf '%s:%s\\n' ${quote(name)} ${hash} | chpasswd -e${busybox ? " >/dev/null 2>&1" : ""} || exit`;
}

/** `YYYY-MM-DD`, or empty for never, as useradd and usermod take it. */
function expiryText(day: number): string {
  return day < 0 ? "" : new Date(day * 86_400_000).toISOString().slice(0, 10);
}

function hasShadowTools(account: Account): boolean {
  return account.tools.has("useradd");
}

/** @throws UnknownGroup */
export function createScript(wanted: Wanted, account: Account): string {
  const primary = wanted.group === undefined ? undefined : findGroup(account.groups, wanted.group);
  const groups = furtherGroups(wanted, account);
  const lines: string[] = [];
  if (wanted.createHome && wanted.home !== undefined && !account.homeExists) {
    const parent = wanted.home.replace(/\/+[^/]*\/*$/, "");
    if (parent !== "") lines.push(`[ -d ${quote(parent)} ] || mkdir -p ${quote(parent)} || exit`);
  }
  if (hasShadowTools(account)) {
    lines.push(`${useradd(wanted, account, primary?.name, groups)} || exit`);
    if (wanted.local) lines.push(...localGroups(wanted, [], groups), ...localExpiry(wanted));
  } else {
    lines.push(`${adduser(wanted, primary?.name)} || exit`);
    for (const group of groups) lines.push(`${words("addgroup", wanted.name, group)} || exit`);
    if (wanted.expires !== undefined) {
      lines.push(editShadow(wanted.name, { expires: expiryDay(wanted.expires) }));
    }
  }
  if (wanted.password !== undefined) {
    lines.push(setPassword(wanted.name, wanted.lock === true, !hasShadowTools(account)));
  }
  const ages: Differences = {};
  if (wanted.passwordMax !== undefined) ages.max = wanted.passwordMax;
  if (wanted.passwordMin !== undefined) ages.min = wanted.passwordMin;
  if (wanted.passwordWarn !== undefined) ages.warn = wanted.passwordWarn;
  if (wanted.passwordDisable !== undefined) ages.inactive = wanted.passwordDisable;
  lines.push(...agesScript(wanted.name, account, ages));
  return lines.join("\n");
}

function useradd(
  wanted: Wanted,
  account: Account,
  primary: string | undefined,
  groups: readonly string[],
): string {
  // Without this, useradd would refuse to make the user's own group a second time.
  const ownGroupExists = account.groups.some((group) => group.name === wanted.name);
  return words(
    wanted.local ? "luseradd" : "useradd",
    ...(wanted.uid === undefined ? [] : ["-u", String(wanted.uid)]),
    ...(wanted.uid !== undefined && wanted.nonUnique ? ["-o"] : []),
    ...(wanted.seuser === undefined ? [] : ["-Z", wanted.seuser]),
    ...(primary !== undefined
      ? ["-g", primary]
      : ownGroupExists
        ? wanted.local
          ? ["-n"]
          : ["-N"]
        : []),
    ...(groups.length > 0 && !wanted.local ? ["-G", groups.join(",")] : []),
    ...(wanted.comment === undefined ? [] : ["-c", wanted.comment]),
    ...(wanted.home === undefined ? [] : ["-d", wanted.home]),
    ...(wanted.shell === undefined ? [] : ["-s", wanted.shell]),
    ...(wanted.expires === undefined || wanted.local
      ? []
      : ["-e", expiryText(expiryDay(wanted.expires))]),
    ...(wanted.createHome
      ? [
          ...(wanted.local ? [] : ["-m"]),
          ...(wanted.skeleton === undefined ? [] : ["-k", wanted.skeleton]),
          ...(wanted.umask === undefined ? [] : ["-K", `UMASK=${wanted.umask}`]),
        ]
      : ["-M"]),
    ...(wanted.system ? ["-r"] : []),
    ...(wanted.uidMin === undefined ? [] : ["-K", `UID_MIN=${wanted.uidMin}`]),
    ...(wanted.uidMax === undefined ? [] : ["-K", `UID_MAX=${wanted.uidMax}`]),
    wanted.name,
  );
}

function adduser(wanted: Wanted, primary: string | undefined): string {
  return words(
    "adduser",
    "-D",
    ...(wanted.uid === undefined ? [] : ["-u", String(wanted.uid)]),
    ...(primary === undefined ? [] : ["-G", primary]),
    ...(wanted.comment === undefined ? [] : ["-g", wanted.comment]),
    ...(wanted.home === undefined ? [] : ["-h", wanted.home]),
    ...(wanted.shell === undefined ? [] : ["-s", wanted.shell]),
    ...(wanted.createHome ? [] : ["-H"]),
    ...(wanted.skeleton === undefined ? [] : ["-k", wanted.skeleton]),
    ...(wanted.system ? ["-S"] : []),
    wanted.name,
  );
}

function membershipsOf(account: Account, name: string): string[] {
  return account.groups.filter((group) => group.members.includes(name)).map((group) => group.name);
}

/** libuser changes one group at a time. */
function localGroups(
  wanted: Wanted,
  current: readonly string[],
  groups: readonly string[],
): string[] {
  const joined = groups.filter((group) => !current.includes(group));
  const left = wanted.append ? [] : current.filter((group) => !groups.includes(group));
  return [
    ...joined.map((group) => `${words("lgroupmod", "-M", wanted.name, group)} || exit`),
    ...left.map((group) => `${words("lgroupmod", "-m", wanted.name, group)} || exit`),
  ];
}

function localExpiry(wanted: Wanted): string[] {
  return wanted.expires === undefined
    ? []
    : [`${words("lchage", "-E", String(expiryDay(wanted.expires)), wanted.name)} || exit`];
}

/** Empty when nothing differs. */
export function modifyScript(wanted: Wanted, account: Account, plan: Differences): string {
  const lines: string[] = [];
  const { name } = wanted;
  if (hasShadowTools(account)) {
    const options = [
      ...(plan.uid === undefined ? [] : ["-u", String(plan.uid)]),
      ...(plan.uid !== undefined && wanted.nonUnique ? ["-o"] : []),
      ...(plan.gid === undefined ? [] : ["-g", String(plan.gid)]),
      ...(plan.groups && !wanted.local
        ? [...(wanted.append ? ["-a"] : []), "-G", plan.groups.join(",")]
        : []),
      ...(plan.comment === undefined ? [] : ["-c", plan.comment]),
      ...(plan.home === undefined
        ? []
        : ["-d", plan.home, ...(wanted.moveHome && !wanted.local ? ["-m"] : [])]),
      ...(plan.shell === undefined ? [] : ["-s", plan.shell]),
      ...(plan.expires === undefined || wanted.local ? [] : ["-e", expiryText(plan.expires)]),
      ...(plan.lock === undefined || plan.password ? [] : [plan.lock ? "-L" : "-U"]),
      ...(plan.seuser === undefined ? [] : ["-Z", plan.seuser]),
    ];
    if (options.length > 0) {
      lines.push(`${words(wanted.local ? "lusermod" : "usermod", ...options, name)} || exit`);
    }
    if (wanted.local && plan.expires !== undefined) lines.push(...localExpiry(wanted));
    if (wanted.local && plan.groups) {
      lines.push(...localGroups(wanted, membershipsOf(account, name), plan.groups));
    }
  } else {
    lines.push(...busyboxChanges(wanted, account, plan));
  }
  if (plan.password) lines.push(setPassword(name, wanted.lock === true, !hasShadowTools(account)));
  lines.push(...agesScript(name, account, plan));
  return lines.join("\n");
}

/** The ages of the password, by `chage` or in the file. */
function agesScript(name: string, account: Account, plan: Differences): string[] {
  const { max, min, warn, inactive } = plan;
  if (max === undefined && min === undefined && warn === undefined && inactive === undefined) {
    return [];
  }
  if (!account.tools.has("chage")) {
    const ages: Differences = {};
    if (max !== undefined) ages.max = max;
    if (min !== undefined) ages.min = min;
    if (warn !== undefined) ages.warn = warn;
    if (inactive !== undefined) ages.inactive = inactive;
    return [editShadow(name, ages)];
  }
  const command = words(
    "chage",
    ...(max === undefined ? [] : ["-M", String(max)]),
    ...(min === undefined ? [] : ["-m", String(min)]),
    ...(warn === undefined ? [] : ["-W", String(warn)]),
    ...(inactive === undefined ? [] : ["-I", String(inactive)]),
    name,
  );
  return [`${command} || exit`];
}

function busyboxChanges(wanted: Wanted, account: Account, plan: Differences): string[] {
  const lines: string[] = [];
  const { name } = wanted;
  if (plan.groups) {
    const current = membershipsOf(account, name);
    for (const group of plan.groups.filter((each) => !current.includes(each))) {
      lines.push(`${words("addgroup", name, group)} || exit`);
    }
    if (!wanted.append) {
      for (const group of current.filter((each) => !plan.groups?.includes(each))) {
        lines.push(`${words("delgroup", name, group)} || exit`);
      }
    }
  }
  if (plan.home !== undefined && wanted.moveHome && account.entry) {
    lines.push(
      `[ ! -e ${quote(account.entry.home)} ] || mv ${quote(account.entry.home)} ${quote(plan.home)} || exit`,
    );
  }
  const passwd = [
    [3, plan.uid],
    [4, plan.gid],
    [5, plan.comment],
    [6, plan.home],
    [7, plan.shell],
  ] as const;
  lines.push(...editFile("/etc/passwd", name, passwd));
  if (plan.expires !== undefined || (plan.lock !== undefined && !plan.password)) {
    lines.push(editShadow(name, plan));
  }
  return lines;
}

/** Replaces fields (counted from 1) of an account's line. Values go through the environment. */
function editFile(
  path: string,
  name: string,
  fields: readonly (readonly [number, string | number | undefined])[],
  more = "",
): string[] {
  const set = fields.filter(([, value]) => value !== undefined);
  if (set.length === 0 && more === "") return [];
  const environment = set.map(([field, value]) => `LB${field}=${quote(String(value))}`).join(" ");
  const assignments = set.map(([field]) => `$${field} = ENVIRON["LB${field}"]`).join("; ");
  return [
    `cp -p ${path} ${path}+ && LBN=${quote(name)} ${environment} awk 'BEGIN { FS = OFS = ":" } $1 == ENVIRON["LBN"] { ${assignments}${more} } { print }' ${path} >${path}+ && mv -f ${path}+ ${path} || exit`,
  ];
}

function editShadow(name: string, plan: Differences): string {
  const lock =
    plan.lock === undefined || plan.password
      ? ""
      : plan.lock
        ? '; $2 = "!" $2'
        : '; sub(/^!+/, "", $2)';
  return editFile(
    "/etc/shadow",
    name,
    [
      [4, plan.min],
      [5, plan.max],
      [6, plan.warn],
      [7, plan.inactive],
      [8, plan.expires === undefined ? undefined : plan.expires < 0 ? "" : plan.expires],
    ],
    lock,
  ).join("\n");
}

/** Makes the home of an account that exists and has none. Empty when there is nothing to do. */
export function homeScript(wanted: Wanted, account: Account): string {
  if (!account.entry || !wanted.createHome || account.homeExists) return "";
  if (wanted.moveHome && wanted.home !== undefined && wanted.home !== account.entry.home) return "";
  const home = quote(wanted.home ?? account.entry.home);
  const skeleton = quote(wanted.skeleton ?? "/etc/skel");
  const umask = wanted.umask === undefined ? "" : `lb_mask=${quote(wanted.umask)}\n`;
  return `lb_mask=022
if [ -r /etc/login.defs ]; then
  while read -r lb_k lb_v lb_; do if [ "$lb_k" = UMASK ]; then lb_mask=$lb_v; fi; done </etc/login.defs
fi
${umask}mkdir -p ${home} || exit
if [ -d ${skeleton} ]; then cp -R ${skeleton}/. ${home}/ || exit; fi
chmod $(printf '%o' $((0777 & ~0\${lb_mask#0}))) ${home} || exit
chown -R ${quote(wanted.name)}: ${home} || exit`;
}

export function removeScript(
  wanted: Wanted,
  account: Account,
  how: { readonly force: boolean; readonly remove: boolean },
): string {
  const shadow = hasShadowTools(account);
  return words(
    wanted.local ? "luserdel" : shadow ? "userdel" : "deluser",
    ...(how.force && shadow && !wanted.local ? ["-f"] : []),
    ...(how.remove ? [shadow ? "-r" : "--remove-home"] : []),
    wanted.name,
  );
}
