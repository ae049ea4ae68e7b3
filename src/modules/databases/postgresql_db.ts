/** community.postgresql.postgresql_db: databases, by psql. */

import { quote } from "../../connection/connection.ts";
import { flagOption, textOption } from "../lib/option-values.ts";
import { expandPaths } from "../lib/paths.ts";
import { errorOf, outputOf } from "../lib/sections.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import {
  identifier,
  literal,
  POSTGRES_OPTIONS,
  Postgres,
  PostgresError,
} from "./postgresql/client.ts";

export const spec = {
  name: "community.postgresql.postgresql_db",
  summary: "Manage databases of PostgreSQL",
  options: {
    ...POSTGRES_OPTIONS,
    name: { type: "str", required: true, aliases: ["db"], description: "Name of the database." },
    owner: { type: "str", default: "", description: "Owner of the database." },
    template: { type: "str", default: "", description: "Template of a new database." },
    encoding: { type: "str", default: "", description: "Encoding of a new database." },
    lc_collate: { type: "str", default: "", description: "Collation of a new database." },
    lc_ctype: { type: "str", default: "", description: "Character classes of a new database." },
    session_role: { type: "str", description: "Role to switch to." },
    state: {
      type: "str",
      default: "present",
      choices: ["absent", "dump", "present", "restore"],
      description: "The state of the database.",
    },
    target: { type: "path", default: "", description: "File of a dump or a restore." },
    target_opts: { type: "str", default: "", description: "Further arguments of that." },
    maintenance_db: { type: "str", default: "postgres", description: "Database to log in to." },
    conn_limit: { type: "str", default: "", description: "Most connections." },
    tablespace: { type: "path", default: "", description: "Table space of the database." },
    force: { type: "bool", default: false, description: "Drop in spite of connections." },
    trust_input: { type: "bool", default: true, description: "Take names as they are." },
  },
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: { db: "Name of the database.", executed_commands: "Statements that were executed." },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, given: Arguments): Promise<ModuleResult> {
  const args = await expandPaths(context, spec, given);
  const name = textOption(args, "name") ?? "";
  const get = (option: string) => textOption(args, option) ?? "";
  const state = get("state");
  const postgres = new Postgres(context, args, get("maintenance_db") || "postgres");
  const role = get("session_role") === "" ? "" : `SET ROLE ${identifier(get("session_role"))}; `;
  try {
    const [row] = await postgres.query(
      `SELECT pg_catalog.pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype, datconnlimit, spcname FROM pg_database JOIN pg_tablespace t ON t.oid = dattablespace WHERE datname = ${literal(name)}`,
    );
    const executed = () => ({ db: name, executed_commands: postgres.executed });
    if (state === "dump" || state === "restore")
      return await transfer(context, args, name, state, row !== undefined);
    if (state === "absent") {
      if (!row) return { changed: false, ...executed() };
      const force = flagOption(args, "force") === true ? " WITH (FORCE)" : "";
      await postgres.change(`${role}DROP DATABASE ${identifier(name)}${force}`);
      return { changed: true, ...executed() };
    }
    if (!row) {
      const clauses = [
        ["owner", "OWNER", identifier(get("owner"))],
        ["template", "TEMPLATE", identifier(get("template"))],
        ["encoding", "ENCODING", literal(get("encoding"))],
        ["lc_collate", "LC_COLLATE", literal(get("lc_collate"))],
        ["lc_ctype", "LC_CTYPE", literal(get("lc_ctype"))],
        ["tablespace", "TABLESPACE", identifier(get("tablespace"))],
        ["conn_limit", "CONNECTION LIMIT", get("conn_limit")],
      ] as const;
      const sql = [
        `CREATE DATABASE ${identifier(name)}`,
        ...clauses
          .filter(([option]) => get(option) !== "")
          .map(([, word, value]) => `${word} ${value}`),
      ].join(" ");
      await postgres.change(`${role}${sql}`, sql);
      return { changed: true, ...executed() };
    }
    const [owner = "", encoding = "", collate = "", ctype = "", limit = "", tablespace = ""] = row;
    const fixed = [
      ["encoding", encoding, "encoding"],
      ["lc_collate", collate, "LC_COLLATE"],
      ["lc_ctype", ctype, "LC_CTYPE"],
    ] as const;
    for (const [option, now, label] of fixed) {
      const plain = (text: string) => text.toLowerCase().replaceAll("-", "");
      if (get(option) !== "" && plain(get(option)) !== plain(now)) {
        return {
          failed: true,
          msg: `Changing ${label} is not supported. Current ${label}: ${now}`,
        };
      }
    }
    if (get("owner") !== "" && get("owner") !== owner) {
      await postgres.change(
        `ALTER DATABASE ${identifier(name)} OWNER TO ${identifier(get("owner"))}`,
      );
    }
    if (get("conn_limit") !== "" && get("conn_limit") !== limit) {
      await postgres.change(
        `ALTER DATABASE ${identifier(name)} CONNECTION LIMIT ${get("conn_limit")}`,
      );
    }
    if (get("tablespace") !== "" && get("tablespace") !== tablespace) {
      await postgres.change(
        `ALTER DATABASE ${identifier(name)} SET TABLESPACE ${identifier(get("tablespace"))}`,
      );
    }
    return { changed: postgres.executed.length > 0, ...executed() };
  } catch (error) {
    if (error instanceof PostgresError) return { failed: true, msg: error.message };
    throw error;
  }
}

/** `pg_dump` into a file and `psql` from one; the password goes by the same way as for statements. */
async function transfer(
  context: ModuleContext,
  args: Arguments,
  name: string,
  state: string,
  exists: boolean,
): Promise<ModuleResult> {
  const target = textOption(args, "target") ?? "";
  if (target === "") return { failed: true, msg: `with state=${state} target is required` };
  if (state === "dump" && !exists) {
    return { failed: true, msg: `The database "${name}" does not exist`, changed: false };
  }
  if (context.checkMode) return { changed: true, db: name };
  const host = textOption(args, "login_host") || textOption(args, "login_unix_socket") || "";
  const where = `-w -U ${quote(textOption(args, "login_user") ?? "postgres")} ${host === "" ? "" : `-h ${quote(host)}`} -p ${Number(args.port ?? 5432)}`;
  const options = textOption(args, "target_opts") ?? "";
  const packed = /\.gz$/.test(target)
    ? "gzip"
    : /\.bz2$/.test(target)
      ? "bzip2"
      : /\.xz$/.test(target)
        ? "xz"
        : undefined;
  const file = quote(target);
  const command =
    state === "dump"
      ? `pg_dump ${where} ${options} ${quote(name)} ${packed === undefined ? `>${file}` : `| ${packed} -c >${file}`}`
      : `${packed === undefined ? "" : `${packed} -dc ${file} | `}psql -Xq ${where} ${options} -d ${quote(name)} ${packed === undefined ? `<${file}` : ""}`;
  const done = await context.sh(
    `IFS= read -r lb_pw
lb_f=$(mktemp) || exit
trap 'rm -f "$lb_f"' EXIT
if [ -n "$lb_pw" ]; then printf '*:*:*:*:%s\\n' "$lb_pw" >"$lb_f"; export PGPASSFILE="$lb_f"; fi
${command}`,
    {
      stdin: Buffer.from(
        `${(textOption(args, "login_password") ?? "").replace(/[\\:]/g, "\\$&")}\n`,
      ),
    },
  );
  return done.rc === 0
    ? { changed: true, db: name, msg: outputOf(done), stderr: errorOf(done), cmd: command }
    : { failed: true, msg: errorOf(done), rc: done.rc, cmd: command };
}
