/** What of an account differs from what is wanted. */
import type { GroupEntry, PasswdEntry } from "../../lib/accounts.ts";

/** The arguments of the user module. */
export interface Wanted {
  readonly name: string;
  readonly uid: number | undefined;
  readonly uidMin: number | undefined;
  readonly uidMax: number | undefined;
  readonly nonUnique: boolean;
  readonly group: string | undefined;
  readonly groups: readonly string[] | undefined;
  readonly append: boolean;
  readonly comment: string | undefined;
  readonly home: string | undefined;
  readonly createHome: boolean;
  readonly moveHome: boolean;
  readonly skeleton: string | undefined;
  readonly umask: string | undefined;
  readonly shell: string | undefined;
  readonly system: boolean;
  readonly local: boolean;
  readonly password: string | undefined;
  readonly updatePassword: boolean;
  readonly lock: boolean | undefined;
  readonly passwordMax: number | undefined;
  readonly passwordMin: number | undefined;
  readonly passwordWarn: number | undefined;
  readonly passwordDisable: number | undefined;
  /** Seconds since 1970. */
  readonly expires: number | undefined;
  readonly seuser: string | undefined;
}

/** What the target says about the account. The password itself never leaves the target. */
export interface Account {
  readonly entry: PasswdEntry | undefined;
  readonly groups: readonly GroupEntry[];
  readonly shadow: {
    /** The account has a line in /etc/shadow. */
    readonly exists: boolean;
    readonly locked: boolean;
    readonly samePassword: boolean;
    readonly min: string;
    readonly max: string;
    readonly warn: string;
    readonly inactive: string;
    readonly expires: string;
  };
  readonly homeExists: boolean;
  readonly sshKeyFile: string;
  readonly sshKeyExists: boolean;
  readonly tools: ReadonlySet<string>;
  readonly path: string;
}

/** A group was named that the target does not have. */
export class UnknownGroup extends Error {
  constructor(group: string) {
    super(`Group ${group} does not exist`);
  }
}

/** The fields that have to change; `undefined` ones are as wanted. */
export interface Differences {
  uid?: number;
  gid?: number;
  /** Names of all further groups afterwards (or, with `append`, of those to add). */
  groups?: readonly string[];
  comment?: string;
  home?: string;
  shell?: string;
  /** Days since 1970; -1 for never. */
  expires?: number;
  lock?: boolean;
  password?: boolean;
  seuser?: string;
  max?: number;
  min?: number;
  warn?: number;
  inactive?: number;
}

/** @throws UnknownGroup */
export function findGroup(groups: readonly GroupEntry[], wanted: string): GroupEntry {
  const group =
    groups.find((candidate) => candidate.name === wanted) ??
    (/^\d+$/.test(wanted)
      ? groups.find((candidate) => candidate.gid === Number(wanted))
      : undefined);
  if (!group) throw new UnknownGroup(wanted);
  return group;
}

/** Day of an instant, counted from 1970; -1 for a negative one. */
export function expiryDay(seconds: number): number {
  return seconds < 0 ? -1 : Math.floor(seconds / 86_400);
}

/** @throws UnknownGroup */
export function differences(wanted: Wanted, account: Account): Differences {
  const { entry, shadow } = account;
  const plan: Differences = {};
  if (!entry) return plan;
  if (wanted.uid !== undefined && wanted.uid !== entry.uid) plan.uid = wanted.uid;
  if (wanted.group !== undefined) {
    const { gid } = findGroup(account.groups, wanted.group);
    if (gid !== entry.gid) plan.gid = gid;
  }
  const groups = changedGroups(wanted, account);
  if (groups) plan.groups = groups;
  for (const key of ["comment", "home", "shell"] as const) {
    const value = wanted[key];
    if (value !== undefined && value !== entry[key]) plan[key] = value;
  }
  if (wanted.expires !== undefined) {
    const day = expiryDay(wanted.expires);
    const now = shadow.expires === "" ? -1 : Number(shadow.expires);
    if (!shadow.exists || (day !== now && !(day < 0 && now < 0))) plan.expires = day;
  }
  if (wanted.lock !== undefined && wanted.lock !== shadow.locked) plan.lock = wanted.lock;
  if (wanted.updatePassword && wanted.password !== undefined && !shadow.samePassword) {
    plan.password = true;
  }
  if (wanted.seuser !== undefined) plan.seuser = wanted.seuser;
  const ages = [
    ["max", wanted.passwordMax],
    ["min", wanted.passwordMin],
    ["warn", wanted.passwordWarn],
    ["inactive", wanted.passwordDisable],
  ] as const;
  for (const [key, value] of ages) {
    if (value !== undefined && String(value) !== shadow[key]) plan[key] = value;
  }
  return plan;
}

function changedGroups(wanted: Wanted, account: Account): readonly string[] | undefined {
  if (wanted.groups === undefined) return undefined;
  const current = account.groups
    .filter((group) => group.members.includes(wanted.name))
    .map((group) => group.name);
  const groups = furtherGroups(wanted, account);
  if (groups.length === 0) return current.length > 0 && !wanted.append ? [] : undefined;
  const missing = groups.some((group) => !current.includes(group));
  if (wanted.append) return missing ? groups : undefined;
  return missing || current.some((group) => !groups.includes(group)) ? groups : undefined;
}

/**
 * The wanted further groups by name. The primary group may be one of them, as in the original.
 * @throws UnknownGroup
 */
export function furtherGroups(wanted: Wanted, account: Pick<Account, "groups">): string[] {
  const found = (wanted.groups ?? []).map((name) => findGroup(account.groups, name));
  return [...new Set(found.map((group) => group.name))];
}
