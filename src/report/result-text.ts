/** A result as the default callback shows it: JSON on one line, indented, or YAML. */
import { dumpYaml } from "../template/python/yaml-dump.ts";
import { Dict, type Value } from "../values/model.ts";
import { str } from "../values/python.ts";
import { jsonOf, type ResultEvent, shownResult } from "./callback.ts";

/** How results are put into text (`callback_result_format`). */
/** `yaml-summary` has `changed` and its like on the line of the status. */
export type ResultFormat = "json" | "yaml" | "yaml-summary";

export interface ResultTextOptions {
  readonly format: ResultFormat;
  readonly verbosity: number;
  /** Indented however quiet the run is (`callback_format_pretty`). */
  readonly pretty: boolean;
}

export function resultText(event: ResultEvent, options: ResultTextOptions): string {
  const shown = shownResult(event, options.verbosity);
  if (options.format === "yaml") return yamlText(shown);
  if (options.format === "yaml-summary") return yamlSummary(shown);
  const indented = options.pretty || event.showAlways || options.verbosity > 2;
  return jsonOf(shown, indented ? { indent: 4 } : {});
}

/** On lines of its own, indented. */
export function yamlText(shown: Dict): string {
  const lines = yamlBody(shown, 4)
    .split("\n")
    .map((line) => (line === "" ? "" : `    ${line}`));
  return `\n${lines.join("\n").trimEnd()}`;
}

function yamlBody(value: Dict, indent: number): string {
  return dumpYaml(value as Value, {
    sortKeys: true,
    defaultFlowStyle: false,
    indent,
    width: 1000,
    allowUnicode: true,
    explicitStart: false,
    explicitEnd: false,
    defaultStyle: undefined,
  });
}

/** `changed=true`, and below it the rest. */
function yamlSummary(shown: Dict): string {
  const rest = new Dict(shown);
  const words: string[] = [];
  for (const key of ["changed", "failed", "skipped", "unreachable"]) {
    const value = rest.get(key);
    if (value === undefined) continue;
    words.push(`${key}=${str(value).toLowerCase()}`);
    rest.delete(key);
  }
  // Lines that the texts already hold are not said twice.
  for (const name of ["stdout", "stderr"]) {
    if (rest.has(name) && rest.has(`${name}_lines`)) rest.set(`${name}_lines`, "<omitted>");
  }
  const text = yamlBody(rest, 2);
  const body = rest.size === 0 ? "" : `\n  ${text.trimEnd().split("\n").join("\n  ")}`;
  return `${words.join(" ")}${body}`;
}

/** What `set_stats` collected, on one line. */
export function statsText(stats: Dict): string {
  return jsonOf(stats as Value, { indent: 1 }).replaceAll("\n", "");
}
