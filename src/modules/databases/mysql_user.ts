/** community.mysql.mysql_user: users and their privileges, by the mysql client. */
import { createHash } from "node:crypto";
import { flagOption, textOption } from "../lib/option-values.ts";
import type { Arguments, Data, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { connectionFailure, literal, MYSQL_OPTIONS, Mysql, MysqlError } from "./mysql/client.ts";
import {
  changes,
  grantStatement,
  PrivilegeError,
  type Privileges,
  parseGrants,
  parsePrivileges,
  revokeStatement,
} from "./mysql/privileges.ts";

export const spec = {
  name: "community.mysql.mysql_user",
  summary: "Manage users of MySQL and MariaDB",
  options: {
    ...MYSQL_OPTIONS,
    name: {
      type: "str",
      required: true,
      aliases: ["user"],
      description: "Name of the user; empty for the anonymous one.",
    },
    password: { type: "str", noLog: true, description: "The password." },
    encrypted: { type: "bool", default: false, description: "The password is its hash." },
    host: { type: "str", default: "localhost", description: "Host part of the account." },
    host_all: { type: "bool", default: false, description: "All accounts of that name." },
    priv: { type: "raw", description: "`db.table:PRIV1,PRIV2`, several separated by `/`." },
    append_privs: { type: "bool", default: false, description: "Only add privileges." },
    subtract_privs: { type: "bool", default: false, description: "Only take privileges away." },
    state: {
      type: "str",
      default: "present",
      choices: ["absent", "present"],
      description: "Whether the user exists.",
    },
    update_password: {
      type: "str",
      default: "always",
      choices: ["always", "on_create", "on_new_username"],
      description: "Whether an existing user gets the password.",
    },
    plugin: { type: "str", description: "Authentication plugin." },
    plugin_hash_string: { type: "str", noLog: true, description: "Hash for the plugin." },
    plugin_auth_string: { type: "str", noLog: true, description: "Text for the plugin." },
    tls_requires: { type: "dict", description: "What TLS is required (`SSL`, `X509`, ...)." },
    resource_limits: { type: "dict", description: "Limits, as MAX_QUERIES_PER_HOUR." },
    locked: { type: "bool", description: "Whether the account is locked." },
    sql_log_bin: { type: "bool", default: true, description: "Write to the binary log." },
    check_implicit_admin: {
      type: "bool",
      default: false,
      description: "Try root without a password first.",
    },
    column_case_sensitive: {
      type: "bool",
      description: "Whether names of columns keep their case.",
      noEffect: "they always do",
    },
  },
  mutuallyExclusive: [["append_privs", "subtract_privs"]],
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: {
    user: "Name of the user.",
    msg: "What was done.",
    password_changed: "Whether the password was set.",
  },
} as const satisfies ModuleSpec;

interface Server {
  readonly version: string;
  readonly mariadb: boolean;
}

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const user = textOption(args, "name") ?? "";
  const present = textOption(args, "state") !== "absent";
  const password = textOption(args, "password");
  if (password !== undefined && password !== "") context.secret(password);
  const mysql = new Mysql(context, args);
  const answer = (changed: boolean, msg: string, passwordChanged = false): ModuleResult => ({
    changed,
    user,
    msg,
    password_changed: passwordChanged,
  });
  try {
    const privileges =
      args.priv === undefined || args.priv === null
        ? undefined
        : parsePrivileges(args.priv as Data);
    const server = await mysql.connect(flagOption(args, "check_implicit_admin") === true);
    const everyHost = (
      await mysql.query(`SELECT Host FROM mysql.user WHERE User = ${literal(user)}`)
    ).map(([host = ""]) => host);
    const host = textOption(args, "host") ?? "localhost";
    const hosts = flagOption(args, "host_all") === true ? everyHost : [host];
    const there = hosts.filter((each) => everyHost.includes(each));
    if (!present) {
      if (there.length === 0) return answer(false, "User doesn't exist");
      for (const each of there)
        await mysql.change(prefix(args, `DROP USER ${account(user, each)}`));
      return answer(true, "User deleted");
    }
    if (there.length === 0 && flagOption(args, "host_all") === true) {
      return { failed: true, msg: "host_all parameter cannot be used when adding a user" };
    }
    if (there.length === 0) {
      await create(mysql, server, args, user, host, privileges);
      return answer(true, "User added", password !== undefined);
    }
    const messages: string[] = [];
    let passwordChanged = false;
    for (const each of there) {
      if (await updatePassword(mysql, server, args, user, each)) {
        passwordChanged = true;
        messages.push("Password updated (new style)");
      }
      if (privileges && (await updatePrivileges(mysql, args, user, each, privileges))) {
        messages.push("Privileges updated");
      }
      if (await updateRequirements(mysql, server, args, user, each)) {
        messages.push("TLS requires updated");
      }
    }
    return answer(messages.length > 0, messages.at(-1) ?? "User unchanged", passwordChanged);
  } catch (error) {
    if (error instanceof MysqlError) return { failed: true, msg: connectionFailure(args, error) };
    if (error instanceof PrivilegeError) return { failed: true, msg: error.message };
    throw error;
  }
}

function account(user: string, host: string): string {
  return `${literal(user)}@${literal(host)}`;
}

function prefix(args: Arguments, sql: string): string {
  return flagOption(args, "sql_log_bin") === false ? `SET SQL_LOG_BIN=0; ${sql}` : sql;
}

/** The hash of mysql_native_password. */
export function nativeHash(password: string): string {
  if (password === "") return "";
  const once = createHash("sha1").update(password).digest();
  return `*${createHash("sha1").update(once).digest("hex").toUpperCase()}`;
}

/** The IDENTIFIED clause, or nothing. */
function identified(server: Server, args: Arguments): string {
  const password = textOption(args, "password");
  const plugin = textOption(args, "plugin");
  const hash = textOption(args, "plugin_hash_string");
  const text = textOption(args, "plugin_auth_string");
  if (plugin !== undefined) {
    const name = /^\w+$/.test(plugin) ? plugin : literal(plugin);
    if (hash !== undefined) return ` IDENTIFIED WITH ${name} AS ${literal(hash)}`;
    if (text !== undefined) {
      return ` IDENTIFIED WITH ${name} ${server.mariadb ? "USING" : "BY"} ${literal(text)}`;
    }
    return ` IDENTIFIED WITH ${name}`;
  }
  if (password === undefined) return "";
  if (flagOption(args, "encrypted") === true) {
    return server.mariadb
      ? ` IDENTIFIED BY PASSWORD ${literal(password)}`
      : ` IDENTIFIED WITH mysql_native_password AS ${literal(password)}`;
  }
  return ` IDENTIFIED BY ${literal(password)}`;
}

/** The REQUIRE clause, or nothing when none was asked for. */
function requires(args: Arguments): string {
  const wanted = args.tls_requires;
  if (typeof wanted !== "object" || wanted === null) return "";
  const parts = Object.entries(wanted).map(([key, value]) => {
    const name = key.toUpperCase();
    return name === "SSL" || name === "X509" ? name : `${name} ${literal(String(value))}`;
  });
  return parts.length === 0 ? " REQUIRE NONE" : ` REQUIRE ${parts.join(" AND ")}`;
}

async function create(
  mysql: Mysql,
  server: Server,
  args: Arguments,
  user: string,
  host: string,
  privileges: Privileges | undefined,
): Promise<void> {
  const who = account(user, host);
  const lock = flagOption(args, "locked") === true ? " ACCOUNT LOCK" : "";
  const statement = `CREATE USER ${who}${identified(server, args)}${requires(args)}${limits(args)}${lock}`;
  await mysql.change(prefix(args, statement), `CREATE USER ${who}`);
  if (flagOption(args, "subtract_privs") === true) return;
  for (const [on, set] of privileges ?? []) {
    if (on === "*.*" && set.size === 1 && set.has("USAGE")) continue;
    await mysql.change(prefix(args, grantStatement(on, [...set], who, "")));
  }
}

function limits(args: Arguments): string {
  const wanted = args.resource_limits;
  if (typeof wanted !== "object" || wanted === null) return "";
  const parts = Object.entries(wanted).map(
    ([key, value]) => `${key.toUpperCase()} ${Number(value)}`,
  );
  return parts.length === 0 ? "" : ` WITH ${parts.join(" ")}`;
}

async function updatePassword(
  mysql: Mysql,
  server: Server,
  args: Arguments,
  user: string,
  host: string,
): Promise<boolean> {
  const password = textOption(args, "password");
  const plugin = textOption(args, "plugin");
  const always = (textOption(args, "update_password") ?? "always") === "always";
  if (!always || (password === undefined && plugin === undefined)) return false;
  const columns = server.mariadb
    ? "plugin, COALESCE(NULLIF(authentication_string, ''), NULLIF(Password, ''), '')"
    : "plugin, authentication_string";
  const [row] = await mysql.query(
    `SELECT ${columns} FROM mysql.user WHERE User = ${literal(user)} AND Host = ${literal(host)}`,
  );
  const [nowPlugin = "", nowHash = ""] = row ?? [];
  if (plugin !== undefined) {
    const hash =
      textOption(args, "plugin_hash_string") ??
      (plugin === "mysql_native_password"
        ? nativeHash(textOption(args, "plugin_auth_string") ?? "")
        : textOption(args, "plugin_auth_string"));
    if (plugin === nowPlugin && (hash === undefined || hash === nowHash)) return false;
  } else {
    const wanted =
      flagOption(args, "encrypted") === true ? (password ?? "") : nativeHash(password ?? "");
    const native = nowPlugin === "mysql_native_password" || nowPlugin === "";
    if (native && wanted === nowHash) return false;
  }
  const who = account(user, host);
  await mysql.change(
    prefix(args, `ALTER USER ${who}${identified(server, args)}`),
    `ALTER USER ${who}`,
  );
  return true;
}

async function updatePrivileges(
  mysql: Mysql,
  args: Arguments,
  user: string,
  host: string,
  wanted: Privileges,
): Promise<boolean> {
  const who = account(user, host);
  const rows = await mysql.query(`SHOW GRANTS FOR ${who}`);
  const current = parseGrants(rows.map(([row = ""]) => row));
  const due = changes(current, wanted, {
    append: flagOption(args, "append_privs") === true,
    subtract: flagOption(args, "subtract_privs") === true,
  });
  for (const { on, grant, revoke } of due) {
    if (revoke.length > 0) await mysql.change(prefix(args, revokeStatement(on, revoke, who)));
    if (grant.length > 0) await mysql.change(prefix(args, grantStatement(on, grant, who, "")));
  }
  return due.length > 0;
}

async function updateRequirements(
  mysql: Mysql,
  server: Server,
  args: Arguments,
  user: string,
  host: string,
): Promise<boolean> {
  const wanted = requires(args);
  if (wanted === "" || (!server.mariadb && /^5\.[0-6]\./.test(server.version))) return false;
  const who = account(user, host);
  const [row] = await mysql.query(`SHOW CREATE USER ${who}`);
  const now = / REQUIRE (.*?)(?: WITH | PASSWORD | ACCOUNT |$)/.exec(row?.[0] ?? "")?.[1] ?? "NONE";
  const normal = (text: string) =>
    text
      .replace(/^ REQUIRE /, "")
      .split(/ AND /)
      .flatMap((each) => each.trim())
      .sort()
      .join(" ");
  if (normal(wanted) === normal(now)) return false;
  await mysql.change(prefix(args, `ALTER USER ${who}${wanted}`));
  return true;
}
