/** community.postgresql.postgresql_user: roles that log in, by psql. */
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { flagOption, numberOption, textOption } from "../lib/option-values.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import {
  identifier,
  literal,
  POSTGRES_OPTIONS,
  Postgres,
  PostgresError,
} from "./postgresql/client.ts";

export const spec = {
  name: "community.postgresql.postgresql_user",
  summary: "Manage users of PostgreSQL",
  options: {
    ...POSTGRES_OPTIONS,
    name: { type: "str", required: true, aliases: ["user"], description: "Name of the user." },
    password: { type: "str", noLog: true, description: "Password, or the hash of one." },
    db: {
      type: "str",
      default: "",
      aliases: ["login_db"],
      description: "Database to log in to.",
    },
    session_role: { type: "str", description: "Role to switch to." },
    fail_on_user: {
      type: "bool",
      default: true,
      aliases: ["fail_on_role"],
      description: "Fail when the user cannot be removed.",
    },
    role_attr_flags: {
      type: "str",
      default: "",
      description: "Attributes, as `CREATEDB,NOSUPERUSER`.",
    },
    encrypted: { type: "bool", default: true, description: "Store the password as a hash." },
    expires: { type: "str", description: "When the password expires." },
    conn_limit: { type: "int", description: "Most connections." },
    no_password_changes: { type: "bool", default: false, description: "Leave the password alone." },
    comment: { type: "str", description: "Comment on the user." },
    trust_input: { type: "bool", default: true, description: "Take names as they are." },
    configuration: { type: "dict", description: "Settings of the user; not supported." },
    priv: { type: "str", description: "Removed: use postgresql_privs." },
    groups: { type: "list", elements: "str", description: "Removed: use postgresql_membership." },
    state: {
      type: "str",
      default: "present",
      choices: ["absent", "present"],
      description: "Whether the user exists.",
    },
  },
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: { user: "Name of the user.", queries: "Statements that were executed." },
} as const satisfies ModuleSpec;

/** Attributes and the columns of pg_roles that hold them. */
const FLAGS: Readonly<Record<string, string>> = {
  SUPERUSER: "rolsuper",
  CREATEROLE: "rolcreaterole",
  CREATEDB: "rolcreatedb",
  INHERIT: "rolinherit",
  LOGIN: "rolcanlogin",
  REPLICATION: "rolreplication",
  BYPASSRLS: "rolbypassrls",
};

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const user = textOption(args, "name") ?? "";
  const password = textOption(args, "password");
  for (const option of ["configuration", "priv", "groups"] as const) {
    if (args[option] !== undefined) {
      return {
        failed: true,
        msg: `${option} is not supported here: use postgresql_privs for privileges, and SQL for the rest`,
      };
    }
  }
  if (password) context.secret(password);
  const flags = (textOption(args, "role_attr_flags") ?? "")
    .split(",")
    .map((flag) => flag.trim().toUpperCase())
    .filter((flag) => flag !== "");
  const unknown = flags.filter((flag) => !(flag.replace(/^NO/, "") in FLAGS) && flag !== "USER");
  if (unknown.length > 0) {
    return { failed: true, msg: `Invalid role_attr_flags specified: ${unknown.join(",")}` };
  }
  const postgres = new Postgres(context, args, textOption(args, "db") || "postgres");
  const role = textOption(args, "session_role");
  const prefix = role === undefined ? "" : `SET ROLE ${identifier(role)}; `;
  const result = () => ({ user, queries: postgres.executed });
  try {
    const columns = Object.values(FLAGS).join(", ");
    const [row] = await postgres.query(
      `SELECT ${columns}, rolconnlimit, COALESCE(rolvaliduntil::text, ''), COALESCE(rolpassword, ''), COALESCE(shobj_description(r.oid, 'pg_authid'), ''), ${literal(textOption(args, "expires") ?? "infinity")}::timestamptz::text FROM pg_authid r WHERE rolname = ${literal(user)}`,
    );
    if (textOption(args, "state") === "absent") {
      if (!row) return { changed: false, ...result() };
      try {
        await postgres.change(`${prefix}DROP USER ${identifier(user)}`);
      } catch (error) {
        if (error instanceof PostgresError && flagOption(args, "fail_on_user") === false) {
          return { changed: false, ...result(), msg: error.message };
        }
        return { failed: true, msg: `Unable to remove user: ${(error as Error).message}` };
      }
      return { changed: true, user_removed: true, ...result() };
    }
    const expires = textOption(args, "expires");
    const limit = numberOption(args, "conn_limit");
    const comment = textOption(args, "comment");
    const who = identifier(user);
    const secret =
      password === undefined
        ? ""
        : password === ""
          ? " PASSWORD NULL"
          : ` ${flagOption(args, "encrypted") === false ? "UNENCRYPTED" : "ENCRYPTED"} PASSWORD ${literal(password)}`;
    const rest = `${expires === undefined ? "" : ` VALID UNTIL ${literal(expires)}`}${limit === undefined ? "" : ` CONNECTION LIMIT ${limit}`}`;
    const shown = (sql: string) => sql.replace(/ PASSWORD '(?:[^']|'')*'/, " PASSWORD '********'");
    if (!row) {
      const sql = `CREATE USER ${who}${secret ? ` WITH${secret}` : ""}${rest}${flags.length > 0 ? ` ${flags.join(" ")}` : ""}`;
      await postgres.change(`${prefix}${sql}`, shown(sql));
    } else {
      const names = Object.keys(FLAGS);
      const [nowLimit = "", nowExpires = "", nowPassword = "", , wantedExpires = ""] = row.slice(
        names.length,
      );
      const due = flags.filter((flag) => {
        const name = flag.replace(/^NO(?=\w)/, "");
        const now = row[names.indexOf(name)] === "t";
        return name in FLAGS && now === flag.startsWith("NO");
      });
      const newPassword =
        password !== undefined &&
        flagOption(args, "no_password_changes") !== true &&
        !samePassword(user, password, nowPassword);
      const newExpiry = expires !== undefined && wantedExpires !== nowExpires;
      const newLimit = limit !== undefined && String(limit) !== nowLimit;
      if (due.length > 0 || newPassword || newExpiry || newLimit) {
        const sql = `ALTER USER ${who}${newPassword ? ` WITH${secret}` : ""}${newExpiry ? ` VALID UNTIL ${literal(expires)}` : ""}${newLimit ? ` CONNECTION LIMIT ${limit}` : ""}${due.length > 0 ? ` ${due.join(" ")}` : ""}`;
        await postgres.change(`${prefix}${sql}`, shown(sql));
      }
    }
    const nowComment = row?.[Object.keys(FLAGS).length + 3] ?? "";
    if (comment !== undefined && comment !== nowComment) {
      await postgres.change(`${prefix}COMMENT ON ROLE ${who} IS ${literal(comment)}`);
    }
    return { changed: postgres.executed.length > 0, ...result() };
  } catch (error) {
    if (error instanceof PostgresError) return { failed: true, msg: error.message };
    throw error;
  }
}

/** Is the stored hash that of the password (or the password itself a hash, and the same one)? */
function samePassword(user: string, password: string, stored: string): boolean {
  if (password === "") return stored === "";
  if (password === stored) return true;
  if (stored.startsWith("md5")) {
    return (
      stored ===
      `md5${createHash("md5")
        .update(password + user)
        .digest("hex")}`
    );
  }
  const scram = /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):(.+)$/.exec(stored);
  if (!scram) return false;
  const [, iterations, salt = "", , serverKey] = scram;
  const salted = pbkdf2Sync(
    password.normalize("NFKC"),
    Buffer.from(salt, "base64"),
    Number(iterations),
    32,
    "sha256",
  );
  return createHmac("sha256", salted).update("Server Key").digest("base64") === serverKey;
}
