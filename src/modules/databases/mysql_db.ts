/** community.mysql.mysql_db: databases, their dumps and imports, by the mysql client. */
import { quote } from "../../connection/connection.ts";
import { flagOption, listOption, textOption, words } from "../lib/option-values.ts";
import { errorOf, outputOf } from "../lib/sections.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import {
  connectionFailure,
  identifier,
  literal,
  MYSQL_OPTIONS,
  Mysql,
  MysqlError,
  optionFile,
  withOptionFile,
} from "./mysql/client.ts";

export const spec = {
  name: "community.mysql.mysql_db",
  summary: "Manage databases of MySQL and MariaDB",
  options: {
    ...MYSQL_OPTIONS,
    name: {
      type: "list",
      elements: "str",
      required: true,
      aliases: ["db"],
      description: "Names of the databases; `all` for a dump or an import of all.",
    },
    state: {
      type: "str",
      default: "present",
      choices: ["absent", "dump", "import", "present"],
      description: "The state of the databases.",
    },
    collation: { type: "str", default: "", description: "Collation of a new database." },
    encoding: { type: "str", default: "", description: "Character set of a new database." },
    target: { type: "path", description: "File of a dump or an import." },
    single_transaction: { type: "bool", default: false, description: "Dump in one transaction." },
    quick: { type: "bool", default: true, description: "Dump row by row." },
    ignore_tables: {
      type: "list",
      elements: "str",
      default: [],
      description: "Tables to leave out of a dump (`db.table`).",
    },
    hex_blob: { type: "bool", default: false, description: "Dump blobs in hexadecimal." },
    force: { type: "bool", default: false, description: "Go on after an error." },
    skip_lock_tables: { type: "bool", default: false, description: "Dump without locks." },
    dump_extra_args: { type: "str", description: "Further arguments of mysqldump." },
    sql_log_bin: { type: "bool", default: true, description: "Write to the binary log." },
    chdir: { type: "path", description: "Directory to run in." },
    pipefail: {
      type: "bool",
      default: false,
      description: "Fail when a compressing program fails.",
      noEffect: "such a failure is always one",
    },
    check_implicit_admin: {
      type: "bool",
      default: false,
      description: "Try root without a password first.",
    },
  },
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: {
    db: "Names of the databases, in one text.",
    db_list: "Names of the databases.",
    executed_commands: "The statements that were executed.",
  },
} as const satisfies ModuleSpec;

/** Programs that pack and unpack, by the ending of a file. */
const PACKERS: readonly (readonly [RegExp, string, string])[] = [
  [/\.gz$/, "gzip -c", "gzip -dc"],
  [/\.bz2$/, "bzip2 -c", "bzip2 -dc"],
  [/\.xz$/, "xz -c", "xz -dc"],
  [/\.zst$/, "zstd -c", "zstd -dc"],
];

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const names = (listOption(args, "name") ?? []).map((name) => name.trim()).filter(Boolean);
  const state = textOption(args, "state") ?? "present";
  const target = textOption(args, "target");
  const shown = { db: names.join(" "), db_list: names };
  const all = names.length === 1 && names[0] === "all";
  if (names.length === 0) return { failed: true, msg: "name parameter must not be empty" };
  if (["dump", "import"].includes(state) && target === undefined) {
    return { failed: true, msg: `with state=${state} target is required` };
  }
  if (["present", "absent"].includes(state) && all) {
    return {
      failed: true,
      msg: "name is not allowed to equal 'all' unless state equals import, or dump.",
    };
  }
  const mysql = new Mysql(context, args);
  const quietly = flagOption(args, "sql_log_bin") === false ? "SET SQL_LOG_BIN=0; " : "";
  try {
    await mysql.connect(flagOption(args, "check_implicit_admin") === true);
    const there = all
      ? []
      : (
          await mysql.query(
            `SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME IN (${names.map(literal).join(", ")})`,
          )
        ).map(([name = ""]) => name);
    if (state === "dump" || state === "import") {
      const missing = names.filter((name) => !all && !there.includes(name));
      if (state === "dump" && missing.length > 0) {
        return {
          failed: true,
          msg: `Cannot dump database(s) ${JSON.stringify(missing).replaceAll('"', "'")} - not found`,
        };
      }
      if (context.checkMode) return { changed: true, ...shown };
      if (state === "import") {
        for (const name of missing) await mysql.change(createStatement(name, args));
      }
      const command =
        state === "dump"
          ? dumpCommand(args, names, all, target ?? "")
          : importCommand(args, all ? undefined : names[0], target ?? "");
      const done = await context.sh(withOptionFile(args, command), {
        stdin: Buffer.from(optionFile(args)),
      });
      if (done.rc !== 0) return { failed: true, msg: errorOf(done) || outputOf(done) };
      return { changed: true, ...shown, msg: outputOf(done), executed_commands: mysql.executed };
    }
    const due = names.filter((name) => there.includes(name) === (state === "absent"));
    for (const name of due) {
      const sql =
        state === "absent" ? `DROP DATABASE ${identifier(name)}` : createStatement(name, args);
      await mysql.change(`${quietly}${sql}`, sql);
    }
    return { changed: due.length > 0, ...shown, executed_commands: mysql.executed };
  } catch (error) {
    if (error instanceof MysqlError) return { failed: true, msg: connectionFailure(args, error) };
    throw error;
  }
}

function createStatement(name: string, args: Arguments): string {
  const encoding = textOption(args, "encoding") ?? "";
  const collation = textOption(args, "collation") ?? "";
  return [
    `CREATE DATABASE ${identifier(name)}`,
    ...(encoding === "" ? [] : [`CHARACTER SET ${literal(encoding)}`]),
    ...(collation === "" ? [] : [`COLLATE ${literal(collation)}`]),
  ].join(" ");
}

function dumpCommand(
  args: Arguments,
  names: readonly string[],
  all: boolean,
  target: string,
): string {
  const on = (name: string) => flagOption(args, name) === true;
  const packer = PACKERS.find(([ending]) => ending.test(target))?.[1];
  const options = words(
    ...(on("force") ? ["--force"] : []),
    ...(on("quick") ? ["--quick"] : []),
    ...(on("single_transaction") ? ["--single-transaction=true"] : []),
    ...(on("skip_lock_tables") ? ["--skip-lock-tables"] : []),
    ...(on("hex_blob") ? ["--hex-blob"] : []),
    ...(listOption(args, "ignore_tables") ?? []).map((table) => `--ignore-table=${table}`),
    ...(all ? ["--all-databases"] : ["--databases", ...names, "--skip-lock-tables"]),
  );
  const extra = textOption(args, "dump_extra_args") ?? "";
  const dump = `lb_client mysqldump mariadb-dump ${options} ${extra}`;
  const file = quote(target);
  return `${chdir(args)}umask 077
${
  packer === undefined
    ? `${dump} >${file}`
    : `lb_s=$(mktemp) || exit; { ${dump}; echo $? >"$lb_s"; } | ${packer} >${file} || exit; read -r lb_rc <"$lb_s"; rm -f "$lb_s"; exit $lb_rc`
}`;
}

function importCommand(args: Arguments, name: string | undefined, target: string): string {
  const unpacker = PACKERS.find(([ending]) => ending.test(target))?.[2];
  const client = `lb_client mysql mariadb ${flagOption(args, "force") === true ? "--force " : ""}${name === undefined ? "" : `--one-database ${quote(name)}`}`;
  const file = quote(target);
  return `${chdir(args)}[ -e ${file} ] || { echo "target ${target.replace(/[`"$\\]/g, "")} does not exist on the host" >&2; exit 1; }
${unpacker === undefined ? `${client} <${file}` : `${unpacker} ${file} | ${client}`}`;
}

function chdir(args: Arguments): string {
  const directory = textOption(args, "chdir");
  return directory === undefined ? "" : `cd ${quote(directory)} || exit\n`;
}
