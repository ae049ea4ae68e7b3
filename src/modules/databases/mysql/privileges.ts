/** Privileges of MySQL and MariaDB: what is asked for, what SHOW GRANTS says, and the difference. */
import type { Data } from "../../module.ts";

/** Privileges by what they are on (`` `db`.* ``). `GRANT` stands for the grant option. */
export type Privileges = ReadonlyMap<string, ReadonlySet<string>>;

/** The text cannot be read. */
export class PrivilegeError extends Error {}

/**
 * Reads `db.table:PRIV,PRIV/db2.*:ALL`, or a dict of the same.
 * @throws PrivilegeError
 */
export function parsePrivileges(value: Data): Privileges {
  const pairs: (readonly [string, string])[] = [];
  if (typeof value === "string") {
    for (const item of value
      .trim()
      .split("/")
      .filter((each) => each.trim() !== "")) {
      const colon = item.lastIndexOf(":");
      if (colon < 0) throw new PrivilegeError(`invalid privileges string: ${value}`);
      pairs.push([item.slice(0, colon).trim(), item.slice(colon + 1)]);
    }
  } else if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    for (const [on, privileges] of Object.entries(value))
      pairs.push([on.trim(), String(privileges)]);
  } else throw new PrivilegeError("priv parameter must be str or dict");
  const wanted = new Map<string, ReadonlySet<string>>();
  for (const [on, privileges] of pairs) {
    wanted.set(quoteTarget(on), new Set(splitPrivileges(privileges)));
  }
  if (!wanted.has("*.*")) wanted.set("*.*", new Set(["USAGE"]));
  return wanted;
}

/** Every part of `db.table` in back quotes, save `*`. */
function quoteTarget(on: string): string {
  const routine = /^(FUNCTION|PROCEDURE)\s+/i.exec(on)?.[0] ?? "";
  const bare = on.slice(routine.length);
  const dot = bare.lastIndexOf(".");
  const parts = dot < 0 ? [bare, "*"] : [bare.slice(0, dot), bare.slice(dot + 1)];
  return `${routine.toUpperCase()}${parts
    .map((part) => {
      const name = part.replace(/^[`"']|[`"']$/g, "");
      return name === "*" ? "*" : `\`${name}\``;
    })
    .join(".")}`;
}

/** Splits at commas outside of parentheses (column lists); upper case, columns as they are. */
function splitPrivileges(text: string): string[] {
  return (text.match(/(?:[^,(]|\([^)]*\))+/g) ?? [])
    .map((each) => each.trim())
    .filter((each) => each !== "")
    .map((each) => {
      const match = /^([^(]*?)\s*(\(.*\))?$/.exec(each);
      const name = (match?.[1] ?? each).toUpperCase().replace(/^ALL PRIVILEGES$/, "ALL");
      const columns = match?.[2]
        ?.slice(1, -1)
        .split(",")
        .map((column) => column.trim().replaceAll("`", ""))
        .sort()
        .join(", ");
      return columns === undefined ? name : `${name} (${columns})`;
    });
}

/** Reads the rows of SHOW GRANTS. Roles and proxies are left alone. */
export function parseGrants(rows: readonly string[]): Privileges {
  const found = new Map<string, ReadonlySet<string>>();
  for (const row of rows) {
    const match = /^GRANT (.+?) ON (.+?) TO (['`"]).*?\3@(['`"]).*?\4(.*)$/.exec(row);
    if (!match || match[1] === "PROXY") continue;
    const [, privileges = "", on = "", , , rest = ""] = match;
    const set = new Set(splitPrivileges(privileges));
    if (/WITH (.*)GRANT OPTION/.test(rest)) set.add("GRANT");
    found.set(on, new Set([...(found.get(on) ?? []), ...set]));
  }
  return found;
}

export interface PrivilegeChange {
  readonly on: string;
  readonly grant: readonly string[];
  readonly revoke: readonly string[];
}

/** What to grant and to revoke so that `current` becomes `wanted`. */
export function changes(
  current: Privileges,
  wanted: Privileges,
  how: { readonly append: boolean; readonly subtract: boolean },
): PrivilegeChange[] {
  const list: PrivilegeChange[] = [];
  for (const [on, privileges] of current) {
    if (how.append || how.subtract || wanted.has(on)) continue;
    const all = [...privileges].filter((each) => each !== "USAGE");
    if (all.length > 0) list.push({ on, grant: [], revoke: all });
  }
  for (const [on, privileges] of wanted) {
    const now = current.get(on) ?? new Set<string>();
    const differ = (a: ReadonlySet<string>, b: ReadonlySet<string>) =>
      [...a].filter((each) => each !== "USAGE" && !b.has(each));
    if (how.subtract) {
      const revoke = [...privileges].filter((each) => each !== "USAGE" && now.has(each));
      if (revoke.length > 0) list.push({ on, grant: [], revoke });
      continue;
    }
    const missing = differ(privileges, now);
    // ALL swallows every other privilege except the grant option.
    const surplus = how.append
      ? []
      : differ(now, privileges).filter((each) => each === "GRANT" || !privileges.has("ALL"));
    if (missing.length + surplus.length > 0) list.push({ on, grant: missing, revoke: surplus });
  }
  return list;
}

/** `GRANT` statement of privileges on something. */
export function grantStatement(
  on: string,
  privileges: readonly string[],
  account: string,
  require: string,
): string {
  const plain = privileges.filter((each) => !["GRANT", "REQUIRESSL"].includes(each));
  const list = plain.length > 0 ? plain.join(",") : "USAGE";
  const secure = privileges.includes("REQUIRESSL") ? " REQUIRE SSL" : require;
  return `GRANT ${list} ON ${on} TO ${account}${secure}${privileges.includes("GRANT") ? " WITH GRANT OPTION" : ""}`;
}

/** `REVOKE` statement of privileges on something. */
export function revokeStatement(
  on: string,
  privileges: readonly string[],
  account: string,
): string {
  const list = privileges
    .filter((each) => each !== "REQUIRESSL")
    .map((each) => (each === "GRANT" ? "GRANT OPTION" : each === "ALL" ? "ALL PRIVILEGES" : each));
  return `REVOKE ${list.join(",")} ON ${on} FROM ${account}`;
}
