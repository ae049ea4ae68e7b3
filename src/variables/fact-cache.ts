/**
 * Facts that are kept from run to run: one JSON file a host, as Ansible's `jsonfile` cache writes them.
 * @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/jsonfile_cache.html
 */
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LayerbookError, messageOf } from "../errors/index.ts";
import { dumpJson } from "../template/python/json-dump.ts";
import { loadJson } from "../template/python/json-load.ts";
import { Dict, TaggedString, type Value } from "../values/model.ts";
import { str } from "../values/python.ts";
import { untrusted } from "./layers.ts";

export interface FactCache {
  /** Facts of a host under the names of variables; `undefined` when none are kept or they are too old. */
  load(host: string): Dict | undefined;
  save(host: string, facts: ReadonlyMap<string, Value>): void;
  forget(host: string): void;
}

export interface JsonFactCacheOptions {
  readonly directory: string;
  readonly prefix: string;
  /** Seconds for which facts are believed; 0 is for ever. */
  readonly timeoutSeconds: number;
  readonly warn: (message: string) => void;
}

const UNSAFE = "__ansible_unsafe";

export class JsonFactCache implements FactCache {
  readonly #options: JsonFactCacheOptions;

  /** @throws LayerbookError when the folder cannot be made */
  constructor(options: JsonFactCacheOptions) {
    this.#options = options;
    try {
      mkdirSync(options.directory, { recursive: true });
    } catch (error) {
      throw new LayerbookError(
        `error in 'jsonfile' cache, configured path (${options.directory}) cannot be made: ${messageOf(error)}`,
      );
    }
  }

  #path(host: string): string {
    // A host's name comes from an inventory: it must not lead out of the folder.
    return join(
      this.#options.directory,
      `${this.#options.prefix}${host.replaceAll(/[/\0]/g, "_")}`,
    );
  }

  load(host: string): Dict | undefined {
    const path = this.#path(host);
    const { timeoutSeconds, warn } = this.#options;
    let text: string;
    try {
      const age = (Date.now() - statSync(path).mtimeMs) / 1000;
      if (timeoutSeconds > 0 && age > timeoutSeconds) return undefined;
      text = readFileSync(path, "utf8");
    } catch {
      return undefined;
    }
    try {
      const value = trustOf(loadJson(text));
      if (value instanceof Dict) return value;
    } catch {
      // Said below, as for any other content that is no dictionary.
    }
    warn(`error in 'jsonfile' cache, ${path} holds no facts and is left out of account`);
    return undefined;
  }

  save(host: string, facts: ReadonlyMap<string, Value>): void {
    const path = this.#path(host);
    const temporary = `${path}.${process.pid}`;
    writeFileSync(temporary, dumpJson(new Dict(facts), { indent: 4, sortKeys: true }));
    renameSync(temporary, path);
  }

  forget(host: string): void {
    rmSync(this.#path(host), { force: true });
  }
}

/** `{"__ansible_unsafe": "text"}` is a text that is never a template. */
function trustOf(value: Value): Value {
  if (Array.isArray(value)) return value.map(trustOf);
  if (!(value instanceof Dict)) return untrusted(value);
  const unsafe = value.get(UNSAFE);
  if (value.size === 1 && unsafe !== undefined) {
    return new TaggedString(str(unsafe), { unsafe: true });
  }
  return new Dict(Array.from(value, ([key, item]) => [key, trustOf(item)] as const));
}
