/** `-e`: variables as `k=v`, YAML, JSON or `@file`, the later one wins. */
import { readFileSync } from "node:fs";
import type { VaultAccess } from "../engine/options.ts";
import { UsageError } from "../errors/index.ts";
import { parseKv } from "../playbook/arguments.ts";
import { Dict, textOf, type Value } from "../values/model.ts";
import { fromJson } from "../values/python.ts";
import { loadYaml } from "../values/yaml.ts";
import { isVaultText } from "../variables/vault.ts";

/**
 * @param plain variables as data, of `layerbook.yml`; `-e` counts more
 * @throws UsageError for a text that is none of these
 */
export function readExtraVars(
  texts: readonly string[],
  plain: Readonly<Record<string, unknown>>,
  vault: VaultAccess | undefined,
): ReadonlyMap<string, Value> {
  const variables = new Map<string, Value>();
  for (const [name, value] of Object.entries(plain)) variables.set(name, fromJson(value));
  for (const text of texts) {
    for (const [name, value] of parse(text.trim(), vault)) {
      const key = textOf(name);
      if (key === undefined) throw new UsageError(`-e ${text}: names of variables are texts`);
      variables.set(key, value);
    }
  }
  return variables;
}

function parse(text: string, vault: VaultAccess | undefined): Dict {
  if (text.startsWith("@")) return parseFile(text.slice(1), vault);
  if (/^[{[]/.test(text)) return mapping(loadYaml(text, { file: "<extra vars>" }), text);
  if (text.includes(": ") && !text.includes("=")) {
    return mapping(loadYaml(text, { file: "<extra vars>" }), text);
  }
  return parseKv(text);
}

function parseFile(path: string, vault: VaultAccess | undefined): Dict {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`-e @${path}: the file cannot be read`, { cause: error, exitCode: 1 });
  }
  if (isVaultText(text) && vault) text = Buffer.from(vault.decrypt(text, path)).toString();
  const options = {
    file: path,
    ...(vault && {
      vault: (ciphertext: string) => Buffer.from(vault.decrypt(ciphertext, path)).toString(),
    }),
  };
  return mapping(loadYaml(text, options), `@${path}`);
}

function mapping(value: Value, shown: string): Dict {
  if (value instanceof Dict) return value;
  if (value === null) return new Dict();
  throw new UsageError(`-e ${shown}: variables are a mapping`, {
    hint: "Write name=value, a YAML or JSON mapping, or @file.",
  });
}
