import { truth } from "../../values/compare.ts";
import { toList } from "../../values/iterate.ts";
import { isText, PyBytes, textOf } from "../../values/model.ts";
import { typeName } from "../../values/type-name.ts";
import { loadYamlAll } from "../../values/yaml.ts";
import type { Filter } from "../plugin.ts";
import { ansibleJsonFallback, dumpJson, type JsonOptions } from "../python/json-dump.ts";
import { loadJson } from "../python/json-load.ts";
import { raise } from "../python/raise.ts";
import { type DumpOptions, dumpYaml } from "../python/yaml-dump.ts";
import { Undefined } from "../undefined.ts";
import { define, type Parameters, plain, textFrom } from "./shared.ts";

/** Between values and JSON or YAML text. */

function jsonOptions(parameters: Parameters, defaults: JsonOptions): JsonOptions {
  const indent = parameters.get("indent", defaults.indent ?? null);
  const separators = parameters.get("separators", null);
  const parts = separators === null ? undefined : toList(separators).map(textFrom);
  return {
    indent:
      indent === null
        ? undefined
        : (textOf(indent) ?? parameters.int("indent", Number(defaults.indent ?? 0))),
    sortKeys: parameters.truth("sort_keys", defaults.sortKeys ?? false),
    ensureAscii: parameters.truth("ensure_ascii", true),
    skipKeys: parameters.truth("skipkeys", false),
    allowNan: parameters.truth("allow_nan", true),
    separators: parts ? [parts[0] ?? ", ", parts[1] ?? ": "] : defaults.separators,
    fallback: ansibleJsonFallback,
  };
}

const JSON_PARAMETERS = [
  "*",
  "indent?",
  "sort_keys?",
  "ensure_ascii?",
  "separators?",
  "skipkeys?",
  "allow_nan?",
  "check_circular?",
  "default?",
  "cls?",
  "vault_to_text?",
  "preprocess_unsafe?",
];

const toJson = define("to_json", JSON_PARAMETERS, (value, parameters) =>
  dumpJson(value, jsonOptions(parameters, {})),
);

const toNiceJson = define(
  "to_nice_json",
  [
    "indent?",
    "sort_keys?",
    ...JSON_PARAMETERS.filter((name) => name !== "indent?" && name !== "sort_keys?"),
  ],
  (value, parameters) =>
    dumpJson(
      value,
      jsonOptions(parameters, { indent: 4, sortKeys: true, separators: [",", ": "] }),
    ),
);

const YAML_PARAMETERS = [
  "allow_unicode?",
  "width?",
  "sort_keys?",
  "explicit_start?",
  "explicit_end?",
  "default_style?",
  "canonical?",
  "line_break?",
  "encoding?",
  "version?",
  "tags?",
];

function yamlOptions(parameters: Parameters, flow: boolean | null, indent: number): DumpOptions {
  if (parameters.truth("canonical", false)) {
    raise("AnsibleFilterError", "to_yaml - canonical=true is not supported by Layerbook");
  }
  const given = parameters.get("default_flow_style", flow);
  const style = parameters.text("default_style");
  return {
    indent: parameters.get("indent", indent) === null ? 2 : parameters.int("indent", indent),
    width: parameters.get("width", null) === null ? 80 : parameters.int("width", 80),
    allowUnicode: parameters.truth("allow_unicode", true),
    sortKeys: parameters.truth("sort_keys", true),
    explicitStart: parameters.truth("explicit_start", false),
    explicitEnd: parameters.truth("explicit_end", false),
    defaultFlowStyle: given === null ? null : truth(given),
    defaultStyle: style === "" ? undefined : style,
  };
}

const toYaml = define(
  "to_yaml",
  ["*_args", "default_flow_style?", "indent?", ...YAML_PARAMETERS],
  (value, parameters) => dumpYaml(value, yamlOptions(parameters, null, 2)),
);

const toNiceYaml = define(
  "to_nice_yaml",
  ["indent?", "*_args", "default_flow_style?", ...YAML_PARAMETERS],
  (value, parameters) => dumpYaml(value, yamlOptions(parameters, false, 4)),
);

const fromJson = plain("loads", (value) => {
  if (value instanceof Undefined) return value.fail();
  if (value instanceof PyBytes) return loadJson(Buffer.from(value.bytes).toString("utf8"));
  if (!isText(value)) {
    return raise(
      "TypeError",
      `the JSON object must be str, bytes or bytearray, not ${typeName(value)}`,
    );
  }
  return loadJson(textOf(value) ?? "");
});

/** Other values than text pass through, as with Ansible. JSON is read as the YAML it is here. */
const fromYaml = plain("from_yaml", (value) => {
  if (value instanceof Undefined) return value.fail();
  if (!isText(value)) return value;
  const documents = loadYamlAll(textOf(value) ?? "", { file: "<unicode string>" });
  if (documents.length > 1) {
    raise(
      "ComposerError",
      "expected a single document in the stream, but found another document; use from_yaml_all",
    );
  }
  return documents[0] ?? null;
});

const fromYamlAll = plain("from_yaml_all", (value) => {
  if (value instanceof Undefined) return value.fail();
  return isText(value) ? loadYamlAll(textOf(value) ?? "", { file: "<unicode string>" }) : value;
});

export const filters: Readonly<Record<string, Filter>> = {
  from_json: fromJson,
  from_yaml: fromYaml,
  from_yaml_all: fromYamlAll,
  to_json: toJson,
  to_nice_json: toNiceJson,
  to_nice_yaml: toNiceYaml,
  to_yaml: toYaml,
};
