/** Data as Ansible's programs print it: JSON indented by four, or YAML; encrypted values stay so. */
import { dumpYaml } from "../template/python/yaml-dump.ts";
import { Dict, type Value } from "../values/model.ts";
import { VaultedString } from "../values/yaml.ts";
import { jsonOf } from "./callback.ts";

export function plainJson(value: Value): string {
  return jsonOf(withVaultTexts(value), { indent: 4 });
}

export function plainYaml(value: Value): string {
  return dumpYaml(value, {
    sortKeys: true,
    defaultFlowStyle: false,
    indent: 2,
    width: 80,
    allowUnicode: true,
    explicitStart: false,
    explicitEnd: false,
    defaultStyle: undefined,
  });
}

/** JSON has no form for an encrypted value: Ansible writes a dictionary of one key. */
function withVaultTexts(value: Value): Value {
  if (value instanceof VaultedString) return new Dict([["__ansible_vault", value.ciphertext]]);
  if (Array.isArray(value)) return value.map(withVaultTexts);
  if (value instanceof Dict) {
    return new Dict(Array.from(value, ([key, item]) => [key, withVaultTexts(item)] as const));
  }
  return value;
}
