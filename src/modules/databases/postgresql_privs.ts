/** community.postgresql.postgresql_privs: privileges on objects of PostgreSQL, by psql. */
import { flagOption, textOption } from "../lib/option-values.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { identifier, POSTGRES_OPTIONS, Postgres, PostgresError } from "./postgresql/client.ts";

export const spec = {
  name: "community.postgresql.postgresql_privs",
  summary: "Grant and revoke privileges of PostgreSQL",
  options: {
    ...POSTGRES_OPTIONS,
    database: {
      type: "str",
      required: true,
      aliases: ["db", "login_db"],
      description: "Database to log in to.",
    },
    state: {
      type: "str",
      default: "present",
      choices: ["absent", "present"],
      description: "Whether the roles have the privileges.",
    },
    privs: { type: "str", aliases: ["priv"], description: "Privileges, separated by commas." },
    type: {
      type: "str",
      default: "table",
      choices: [
        "database",
        "default_privs",
        "function",
        "group",
        "language",
        "procedure",
        "schema",
        "sequence",
        "table",
        "tablespace",
        "type",
      ],
      description: "Type of the objects.",
    },
    objs: { type: "str", aliases: ["obj"], description: "Objects, separated by commas." },
    schema: { type: "str", description: "Schema of the objects." },
    roles: {
      type: "str",
      required: true,
      aliases: ["role"],
      description: "Roles, separated by commas; PUBLIC for everybody.",
    },
    grant_option: {
      type: "bool",
      aliases: ["admin_option"],
      description: "Whether the roles may grant the privileges on.",
    },
    target_roles: { type: "str", description: "With default_privs: whose new objects." },
    fail_on_role: { type: "bool", default: true, description: "Fail when a role is not there." },
    session_role: { type: "str", description: "Role to switch to." },
    trust_input: { type: "bool", default: true, description: "Take names as they are." },
  },
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: { queries: "Statements that were executed." },
} as const satisfies ModuleSpec;

/** The query of each type that shows its privileges; compared before and after. */
const SHOW: Readonly<Record<string, string>> = {
  database: "SELECT datname, datacl FROM pg_database",
  schema: "SELECT nspname, nspacl FROM pg_namespace",
  table: "SELECT oid, relacl FROM pg_class",
  sequence: "SELECT oid, relacl FROM pg_class",
  function: "SELECT oid, proacl FROM pg_proc",
  procedure: "SELECT oid, proacl FROM pg_proc",
  language: "SELECT lanname, lanacl FROM pg_language",
  tablespace: "SELECT spcname, spcacl FROM pg_tablespace",
  type: "SELECT oid, typacl FROM pg_type",
  group: "SELECT roleid, member, admin_option FROM pg_auth_members",
  default_privs: "SELECT defaclrole, defaclnamespace, defaclobjtype, defaclacl FROM pg_default_acl",
};

const items = (text: string | undefined) =>
  (text ?? "")
    .split(/,(?![^(]*\))/)
    .map((item) => item.trim())
    .filter((item) => item !== "");

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const type = textOption(args, "type") ?? "table";
  const database = textOption(args, "database") ?? "postgres";
  const present = textOption(args, "state") !== "absent";
  const privileges = items(textOption(args, "privs")).map((each) => each.toUpperCase());
  const objects = items(textOption(args, "objs"));
  const roles = items(textOption(args, "roles"));
  if (type !== "group" && privileges.length === 0) {
    return { failed: true, msg: `'privs' is required for type '${type}'` };
  }
  if (type !== "database" && objects.length === 0) {
    return { failed: true, msg: `'objs' is required for type '${type}'` };
  }
  const postgres = new Postgres(context, args, database);
  try {
    const wanted = roles.filter((role) => !/^(PUBLIC|session_user|current_user)$/i.test(role));
    const known = new Set(
      (await postgres.query("SELECT rolname FROM pg_roles")).map(([name = ""]) => name),
    );
    const missing = wanted.filter((role) => !known.has(role));
    if (missing.length > 0 && flagOption(args, "fail_on_role") !== false) {
      return { failed: true, msg: `Role '${missing[0]}' does not exist` };
    }
    const there = roles.filter((role) => !missing.includes(role));
    if (there.length === 0) return { changed: false, queries: [] };
    const statements = build(args, type, present, privileges, objects, there, database);
    const switchRole = textOption(args, "session_role");
    const show = `SELECT md5(COALESCE(string_agg(t::text, '' ORDER BY t::text), '')) FROM (${SHOW[type]}) t`;
    // Everything is one transaction: the state before and after is seen in it, and check mode rolls back.
    const rows = await postgres.query(
      `BEGIN; ${switchRole === undefined ? "" : `SET LOCAL ROLE ${identifier(switchRole)}; `}${show}; ${statements.join("; ")}; ${show}; ${context.checkMode ? "ROLLBACK" : "COMMIT"}`,
    );
    const digests = rows.flat().flatMap((field) => field.split("\n"));
    return { changed: digests[0] !== digests[1], queries: statements };
  } catch (error) {
    if (error instanceof PostgresError) return { failed: true, msg: error.message };
    throw error;
  }
}

function build(
  args: Arguments,
  type: string,
  present: boolean,
  privileges: readonly string[],
  objects: readonly string[],
  roles: readonly string[],
  database: string,
): string[] {
  const schema = textOption(args, "schema") ?? "public";
  const option = flagOption(args, "grant_option");
  const names = roles
    .map((role) => (/^(PUBLIC|session_user|current_user)$/i.test(role) ? role : identifier(role)))
    .join(", ");
  const list = privileges.join(", ");
  const grantOption =
    present && option === true
      ? type === "group"
        ? " WITH ADMIN OPTION"
        : " WITH GRANT OPTION"
      : "";
  if (type === "group") {
    const groups = objects.map((each) => identifier(each)).join(", ");
    return [
      present ? `GRANT ${groups} TO ${names}${grantOption}` : `REVOKE ${groups} FROM ${names}`,
    ];
  }
  if (type === "default_privs") {
    const owners = items(textOption(args, "target_roles")).map((each) => identifier(each));
    const head = `ALTER DEFAULT PRIVILEGES${owners.length > 0 ? ` FOR ROLE ${owners.join(", ")}` : ""}${textOption(args, "schema") === undefined ? "" : ` IN SCHEMA ${identifier(schema)}`}`;
    const kinds = objects.includes("ALL_DEFAULT")
      ? ["TABLES", "SEQUENCES", "FUNCTIONS", "TYPES"]
      : objects.map((each) => each.toUpperCase());
    return kinds.map((kind) => {
      const some = objects.includes("ALL_DEFAULT") ? "ALL" : list;
      return present
        ? `${head} GRANT ${some} ON ${kind} TO ${names}${grantOption}`
        : `${head} REVOKE ${some} ON ${kind} FROM ${names}`;
    });
  }
  const on = target(type, schema, objects, database);
  const statements = present
    ? [`GRANT ${list} ON ${on} TO ${names}${grantOption}`]
    : [`REVOKE ${option === true ? "GRANT OPTION FOR " : ""}${list} ON ${on} FROM ${names}`];
  if (present && option === false)
    statements.push(`REVOKE GRANT OPTION FOR ${list} ON ${on} FROM ${names}`);
  return statements;
}

/** What the privileges are on, as GRANT writes it. */
function target(
  type: string,
  schema: string,
  objects: readonly string[],
  database: string,
): string {
  const word = type.toUpperCase();
  const all = objects.length === 1 && objects[0] === "ALL_IN_SCHEMA";
  if (all) return `ALL ${word}S IN SCHEMA ${identifier(schema)}`;
  if (type === "database") {
    const names = objects.length > 0 ? objects : [database];
    return `${word} ${names.map((each) => identifier(each)).join(", ")}`;
  }
  if (type === "function" || type === "procedure") {
    return `${word} ${objects
      .map((each) => {
        const match = /^([^(]+)(\(.*\))$/.exec(each);
        const signature = (match?.[2] ?? "()").replaceAll(":", ",");
        return `${identifier(schema)}.${identifier(match?.[1] ?? each)}${signature}`;
      })
      .join(", ")}`;
  }
  if (type === "table" || type === "sequence" || type === "type") {
    return `${word} ${objects.map((each) => `${identifier(schema)}.${identifier(each)}`).join(", ")}`;
  }
  return `${word} ${objects.map((each) => identifier(each)).join(", ")}`;
}
