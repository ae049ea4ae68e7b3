/** A result as the default callback shows it: JSON on one line, indented, or YAML. */
import { dumpYaml } from "../template/python/yaml-dump.ts";
import type { Dict, Value } from "../values/model.ts";
import { jsonOf, type ResultEvent, shownResult } from "./callback.ts";

/** How results are put into text (`callback_result_format`). */
export type ResultFormat = "json" | "yaml";

export interface ResultTextOptions {
  readonly format: ResultFormat;
  readonly verbosity: number;
  /** Indented however quiet the run is (`callback_format_pretty`). */
  readonly pretty: boolean;
}

export function resultText(event: ResultEvent, options: ResultTextOptions): string {
  const shown = shownResult(event, options.verbosity);
  if (options.format === "yaml") return yamlText(shown);
  const indented = options.pretty || event.showAlways || options.verbosity > 2;
  return jsonOf(shown, indented ? { indent: 4 } : {});
}

/** On lines of its own, indented. */
export function yamlText(shown: Dict): string {
  const text = dumpYaml(shown as Value, {
    sortKeys: true,
    defaultFlowStyle: false,
    width: 1000,
    allowUnicode: true,
  });
  const lines = text.split("\n").map((line) => (line === "" ? "" : `    ${line}`));
  return `\n${lines.join("\n").trimEnd()}`;
}

/** What `set_stats` collected, on one line. */
export function statsText(stats: Dict): string {
  return jsonOf(stats as Value, { indent: 1 }).replaceAll("\n", "");
}
