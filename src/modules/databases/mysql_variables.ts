/** community.mysql.mysql_variables: variables of the server. */
import { textOption } from "../lib/option-values.ts";
import type { Arguments, ModuleContext, ModuleResult, ModuleSpec } from "../module.ts";
import { connectionFailure, literal, MYSQL_OPTIONS, Mysql, MysqlError } from "./mysql/client.ts";

export const spec = {
  name: "community.mysql.mysql_variables",
  summary: "Read and set variables of MySQL and MariaDB",
  options: {
    ...MYSQL_OPTIONS,
    variable: { type: "str", required: true, description: "Name of the variable." },
    value: { type: "str", description: "The value; without one it is read." },
    mode: {
      type: "str",
      default: "global",
      choices: ["global", "persist", "persist_only"],
      description: "How the variable is set.",
    },
  },
  checkMode: "full",
  diff: false,
  effect: "target",
  returns: { queries: "Statements that were executed.", msg: "The value, or what was done." },
} as const satisfies ModuleSpec;

export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> {
  const variable = textOption(args, "variable") ?? "";
  const value = textOption(args, "value");
  if (!/^[0-9A-Za-z_.]+$/.test(variable)) {
    return { failed: true, msg: `invalid variable name "${variable}"` };
  }
  const mysql = new Mysql(context, args);
  try {
    await mysql.connect(false);
    const rows = await mysql.query(
      `SHOW GLOBAL VARIABLES WHERE Variable_name = ${literal(variable)}`,
    );
    const now = rows[0]?.[1];
    if (now === undefined) {
      return { failed: true, msg: `Variable not available "${variable}"`, changed: false };
    }
    if (value === undefined) return { changed: false, msg: [[variable, now]] };
    const same = normal(now) === normal(value);
    if (same) return { changed: false, msg: "Variable is already set to requested value" };
    const number = /^-?\d+(\.\d+)?$/.test(value);
    const mode = (textOption(args, "mode") ?? "global").toUpperCase();
    await mysql.change(
      `SET ${mode} ${variable
        .split(".")
        .map((part) => `\`${part}\``)
        .join(".")} = ${number ? value : literal(value)}`,
    );
    return {
      changed: true,
      msg: `Variable change succeeded prev_value=${now}`,
      queries: mysql.executed,
    };
  } catch (error) {
    if (error instanceof MysqlError) return { failed: true, msg: connectionFailure(args, error) };
    throw error;
  }
}

/** ON, 1 and true are one value. */
function normal(value: string): string {
  const text = value.trim().toLowerCase();
  if (/^(on|1|true|yes)$/.test(text)) return "on";
  if (/^(off|0|false|no)$/.test(text)) return "off";
  return text;
}
