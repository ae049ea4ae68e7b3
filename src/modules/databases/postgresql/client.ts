/** psql in the target: no Python library is needed there. */
import { quote } from "../../../connection/connection.ts";
import { numberOption, textOption } from "../../lib/option-values.ts";
import { errorOf, outputOf } from "../../lib/sections.ts";
import type { Arguments, ModuleContext, OptionSpec } from "../../module.ts";

/** The options by which every postgresql module finds the server. */
export const POSTGRES_OPTIONS = {
  login_user: {
    type: "str",
    default: "postgres",
    aliases: ["login"],
    description: "User to log in as.",
  },
  login_password: {
    type: "str",
    noLog: true,
    default: "",
    description: "Password to log in with.",
  },
  login_host: { type: "str", default: "", aliases: ["host"], description: "Host of the server." },
  login_unix_socket: {
    type: "str",
    default: "",
    aliases: ["unix_socket"],
    description: "Directory of the server's socket.",
  },
  port: {
    type: "int",
    default: 5432,
    aliases: ["login_port"],
    description: "Port of the server.",
  },
  ssl_mode: {
    type: "str",
    default: "prefer",
    choices: ["allow", "disable", "prefer", "require", "verify-ca", "verify-full"],
    description: "How TLS is used.",
  },
  ca_cert: { type: "str", aliases: ["ssl_rootcert"], description: "Certificate of the authority." },
} as const satisfies Readonly<Record<string, OptionSpec>>;

/** A statement failed, or the server was not reached. */
export class PostgresError extends Error {}

/** A session of statements, each of its own psql call. */
export class Postgres {
  readonly #context: ModuleContext;
  readonly #args: Arguments;
  readonly #database: string;
  /** Statements that changed (or would change) something. */
  readonly executed: string[] = [];

  constructor(context: ModuleContext, args: Arguments, database: string) {
    this.#context = context;
    this.#args = args;
    this.#database = database;
    const password = textOption(args, "login_password");
    if (password) context.secret(password);
  }

  /**
   * Rows of a statement that reads. The password is the first line of the script's input and goes to
   * psql by a file that only its user can read.
   * @throws PostgresError
   */
  async query(sql: string): Promise<string[][]> {
    const args = this.#args;
    const given = textOption(args, "login_host") ?? "";
    const socket = textOption(args, "login_unix_socket") ?? "";
    // The socket is for this machine, also where it is called by its name.
    const host = socket !== "" && (given === "" || given === "localhost") ? socket : given;
    const password = (textOption(args, "login_password") ?? "").replace(/[\\:]/g, "\\$&");
    const certificate = textOption(args, "ca_cert");
    const done = await this.#context.sh(
      `IFS= read -r lb_pw
lb_have psql || { echo 'Failed to find required executable "psql": is the client of PostgreSQL installed?' >&2; exit 60; }
lb_f=$(mktemp) || exit
trap 'rm -f "$lb_f"' EXIT
if [ -n "$lb_pw" ]; then printf '*:*:*:*:%s\\n' "$lb_pw" >"$lb_f"; export PGPASSFILE="$lb_f"; fi
export PGOPTIONS="$PGOPTIONS -c client_min_messages=error" PGSSLMODE=${quote(textOption(args, "ssl_mode") ?? "prefer")} ${certificate === undefined ? "" : `PGSSLROOTCERT=${quote(certificate)}`}
psql -XqAtw -v ON_ERROR_STOP=1 -F "$(printf '\\037')" -R "$(printf '\\036')" -U ${quote(textOption(args, "login_user") ?? "postgres")} ${host === "" ? "" : `-h ${quote(host)}`} -p ${numberOption(args, "port") ?? 5432} -d ${quote(this.#database)} -f -`,
      { stdin: Buffer.from(`${password}\n${sql};\n`) },
    );
    if (done.rc !== 0) {
      const said = errorOf(done)
        .trim()
        .replace(/^psql:<stdin>:\d+: /gm, "");
      throw new PostgresError(done.rc === 2 ? `unable to connect to database: ${said}` : said);
    }
    const text = outputOf(done).replace(/\n$/, "");
    return text === "" ? [] : text.split("\u001e").map((row) => row.split("\u001f"));
  }

  /**
   * Runs a statement that changes something; in check mode it is only noted.
   * @throws PostgresError
   */
  async change(sql: string, shown = sql): Promise<void> {
    this.executed.push(shown);
    if (!this.#context.checkMode) await this.query(sql);
  }
}

/** A string literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A quoted identifier; `schema.table` has both parts quoted when `dotted`. */
export function identifier(name: string, dotted = false): string {
  const one = (part: string) => `"${part.replaceAll('"', '""')}"`;
  return dotted ? name.split(".").map(one).join(".") : one(name);
}
