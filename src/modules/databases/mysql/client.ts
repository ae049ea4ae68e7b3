/** The mysql (or mariadb) client in the target: no Python library is needed there. */
import { quote } from "../../../connection/connection.ts";
import { numberOption, textOption } from "../../lib/option-values.ts";
import { errorOf, linesOf, outputOf } from "../../lib/sections.ts";
import type { Arguments, ModuleContext, OptionSpec } from "../../module.ts";

/** The options by which every mysql module finds the server. */
export const MYSQL_OPTIONS = {
  login_user: { type: "str", description: "User to log in as." },
  login_password: { type: "str", noLog: true, description: "Password to log in with." },
  login_host: { type: "str", default: "localhost", description: "Host of the server." },
  login_port: { type: "int", default: 3306, description: "Port of the server." },
  login_unix_socket: { type: "str", description: "Socket of the server." },
  config_file: {
    type: "path",
    default: "~/.my.cnf",
    description: "Option file that user and password are read from.",
  },
  connect_timeout: { type: "int", default: 30, description: "Seconds to wait for the server." },
  client_cert: { type: "path", aliases: ["ssl_cert"], description: "Client certificate." },
  client_key: { type: "path", aliases: ["ssl_key"], description: "Client key." },
  ca_cert: { type: "path", aliases: ["ssl_ca"], description: "Certificate of the authority." },
  check_hostname: { type: "bool", description: "Whether the server's name is verified." },
} as const satisfies Readonly<Record<string, OptionSpec>>;

/** A statement failed, or the server was not reached. */
export class MysqlError extends Error {
  readonly connected: boolean;
  constructor(message: string, connected: boolean) {
    super(message);
    this.connected = connected;
  }
}

/** A value of an option file: in quotes, so that every character may stand in it. */
function optionValue(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\t", "\\t")}"`;
}

/**
 * The script around a client. Its first lines of input are the option file, up to an empty line: the
 * password is in no argument and no environment. `$lb_f` is that file.
 */
export function withOptionFile(args: Arguments, command: string): string {
  const config = textOption(args, "config_file") ?? "";
  const path = config.startsWith("~/") ? `"$HOME"/${quote(config.slice(2))}` : quote(config);
  return `lb_f=$(mktemp) || exit
trap 'rm -f "$lb_f"' EXIT
lb_c=${path === "''" ? "" : path}
if [ -n "$lb_c" ] && [ -r "$lb_c" ]; then printf '!include %s\\n' "$lb_c" >"$lb_f"; fi
while IFS= read -r lb_l && [ -n "$lb_l" ]; do printf '%s\\n' "$lb_l"; done >>"$lb_f"
lb_client() {
  if lb_have "$1"; then lb_p=$1; elif lb_have "$2"; then lb_p=$2; else
    echo "Failed to find required executable \\"$1\\": is the client of the database installed?" >&2; exit 60
  fi
  shift 2; "$lb_p" --defaults-file="$lb_f" "$@"
}
${command}`;
}

/** The lines for {@link withOptionFile}. */
export function optionFile(args: Arguments, implicit = false): string {
  const user = implicit ? "root" : textOption(args, "login_user");
  const password = implicit ? "" : textOption(args, "login_password");
  const socket = textOption(args, "login_unix_socket");
  const host = textOption(args, "login_host") ?? "localhost";
  const lines = [
    "[client]",
    ...(user === undefined ? [] : [`user=${optionValue(user)}`]),
    ...(password === undefined ? [] : [`password=${optionValue(password)}`]),
    ...(socket === undefined
      ? host === "localhost"
        ? []
        : [`host=${optionValue(host)}`, `port=${numberOption(args, "login_port") ?? 3306}`]
      : [`socket=${optionValue(socket)}`]),
  ];
  const files = [
    ["ssl-cert", "client_cert"],
    ["ssl-key", "client_key"],
    ["ssl-ca", "ca_cert"],
  ] as const;
  for (const [key, option] of files) {
    const value = textOption(args, option);
    if (value !== undefined) lines.push(`${key}=${optionValue(value)}`);
  }
  return `${lines.join("\n")}\n\n`;
}

/** A session of statements, each of its own client call. */
export class Mysql {
  readonly #context: ModuleContext;
  readonly #args: Arguments;
  #implicit = false;
  /** Statements that changed (or would change) something. */
  readonly executed: string[] = [];

  constructor(context: ModuleContext, args: Arguments) {
    this.#context = context;
    this.#args = args;
    const password = textOption(args, "login_password");
    if (password !== undefined && password !== "") context.secret(password);
  }

  /**
   * Finds out how to log in and which server it is.
   * @param implicit try root without a password first
   * @throws MysqlError
   */
  async connect(
    implicit: boolean,
  ): Promise<{ readonly version: string; readonly mariadb: boolean }> {
    this.#implicit = implicit;
    try {
      const [row] = await this.query("SELECT VERSION()");
      const version = row?.[0] ?? "";
      return { version, mariadb: /mariadb/i.test(version) };
    } catch (error) {
      if (!implicit) throw error;
      return this.connect(false);
    }
  }

  /**
   * Rows of a statement that reads.
   * @throws MysqlError
   */
  async query(sql: string): Promise<string[][]> {
    const timeout = numberOption(this.#args, "connect_timeout") ?? 30;
    const done = await this.#context.sh(
      withOptionFile(
        this.#args,
        `lb_client mysql mariadb --connect-timeout=${timeout} --batch --skip-column-names`,
      ),
      { stdin: Buffer.from(`${optionFile(this.#args, this.#implicit)}${sql};\n`) },
    );
    if (done.rc !== 0) {
      const said = errorOf(done).trim();
      const code = Number(/ERROR (\d+)/.exec(said)?.[1] ?? 0);
      const unreachable =
        done.rc === 60 || code === 1045 || code === 1698 || (code >= 2000 && code < 2100);
      throw new MysqlError(said, !unreachable);
    }
    return linesOf(outputOf(done)).map((line) => line.split("\t").map(unescapeField));
  }

  /**
   * Runs a statement that changes something; in check mode it is only noted.
   * @param shown the statement as it may be shown, if it holds a secret
   * @throws MysqlError
   */
  async change(sql: string, shown = sql): Promise<void> {
    this.executed.push(shown);
    if (!this.#context.checkMode) await this.query(sql);
  }
}

function unescapeField(field: string): string {
  return field.replace(/\\([nt0\\])/g, (_, char: string) =>
    char === "n" ? "\n" : char === "t" ? "\t" : char === "0" ? "\0" : "\\",
  );
}

/** A string literal. */
export function literal(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}

/** A quoted identifier. */
export function identifier(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

/** Ansible's message for a server that cannot be logged in to. */
export function connectionFailure(args: Arguments, error: MysqlError): string {
  return error.connected
    ? error.message
    : `unable to connect to database, check login_user and login_password are correct or ${textOption(args, "config_file") ?? ""} has the credentials. Exception message: ${error.message}`;
}
