import { randomInt } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { Dict, type Value } from "../../values/model.ts";
import { str } from "../../values/text.ts";
import { LookupError } from "../errors.ts";
import type { EvaluationContext, Lookup } from "../plugin.ts";
import { loadJson } from "../python/json-load.ts";
import { expanduser, join } from "../python/paths.ts";
import { environmentOf } from "./files.ts";
import { flagOption, intOption, termText, textOption } from "./shared.ts";

/** Lookups of community.general that roles use, and those that are refused by name. */

function collectionPaths(context: EvaluationContext): string[] {
  const environment = environmentOf(context);
  const setting = context.settings.configuration?.("COLLECTIONS_PATHS")?.[0];
  const configured = Array.isArray(setting) ? setting.map(str) : undefined;
  const written = environment.ANSIBLE_COLLECTIONS_PATH ?? environment.ANSIBLE_COLLECTIONS_PATHS;
  const paths = configured ??
    written?.split(":") ?? ["~/.ansible/collections", "/usr/share/ansible/collections"];
  return paths.map((path) => expanduser(path, environment));
}

/** The version in a collection's manifest, `result_not_found` (none) or `result_no_version` ("*"). */
const collectionVersion: Lookup = (terms, options, context) =>
  terms.map((term) => {
    const name = termText(term);
    const match = /^(\w+)\.(\w+)$/.exec(name);
    if (!match) throw new LookupError(`'${name}' is not a FQCN`);
    for (const base of collectionPaths(context)) {
      const root = join(base, "ansible_collections", match[1] ?? "", match[2] ?? "");
      const manifest = join(root, "MANIFEST.json");
      if (existsSync(manifest)) {
        const data = loadJson(readFileSync(manifest, "utf8"));
        const info = data instanceof Dict ? data.get("collection_info") : undefined;
        const version = info instanceof Dict ? info.get("version") : undefined;
        return version ?? options.get("result_no_version") ?? "*";
      }
      const galaxy = join(root, "galaxy.yml");
      if (existsSync(galaxy)) {
        const version = /^version:\s*["']?([^\s"'#]+)/m.exec(readFileSync(galaxy, "utf8"))?.[1];
        return version ?? options.get("result_no_version") ?? "*";
      }
    }
    return options.get("result_not_found") ?? null;
  });

const LOWER = "abcdefghijklmnopqrstuvwxyz";
const SPECIAL = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

const randomString: Lookup = (_terms, options) => {
  const sets: readonly (readonly [string, string])[] = [
    ["upper", LOWER.toUpperCase()],
    ["lower", LOWER],
    ["numeric", "0123456789"],
    ["special", textOption(options, "override_special", SPECIAL)],
  ];
  const all = textOption(options, "override_all", "");
  const allowed =
    all || sets.map(([name, set]) => (flagOption(options, name, true) ? set : "")).join("");
  const pick = (characters: string) => characters[randomInt(characters.length)] ?? "";
  if (allowed === "") {
    throw new LookupError("Available characters cannot be None, please change constraints");
  }
  const result: string[] = [];
  for (const [name, set] of sets) {
    for (let i = intOption(options, `min_${name}`, 0); i > 0; i--) result.push(pick(set));
  }
  const length = intOption(options, "length", 8);
  while (result.length < length) result.push(pick(allowed));
  // The characters that had to be there must not all stand in front.
  for (let i = result.length - 1; i > 0; i--) {
    const j = randomInt(i + 1);
    [result[i], result[j]] = [result[j] ?? "", result[i] ?? ""];
  }
  const text = result.join("");
  return [flagOption(options, "base64", false) ? Buffer.from(text).toString("base64") : text];
};

function refused(name: string, why: string): Lookup {
  return (): Value[] => {
    throw new LookupError(`The lookup '${name}' is not supported by Layerbook: ${why}`);
  };
}

export const lookups: Readonly<Record<string, Lookup>> = {
  collection_version: collectionVersion,
  dig: refused(
    "dig",
    "query the name server in a task, or use lookup('pipe', 'getent hosts NAME')",
  ),
  etcd: refused("etcd", "read it with the uri module"),
  hashi_vault: refused("hashi_vault", "read it with the uri module or lookup('pipe', 'vault ...')"),
  keyring: refused("keyring", "use lookup('pipe', ...) with the keyring's own command"),
  onepassword: refused("onepassword", "use lookup('pipe', 'op read ...')"),
  passwordstore: refused("passwordstore", "use lookup('pipe', 'pass show ...')"),
  random_string: randomString,
  redis: refused("redis", "use lookup('pipe', 'redis-cli ...')"),
};

export const collections: Readonly<Record<string, string>> = Object.fromEntries(
  Object.keys(lookups).map((name) => [name, "community.general"]),
);
