/** What one option of docker_container is: how it is asked for, found in a container, and sent. */
import type { ContainerInspect, ImageInspect } from "../../../docker/index.ts";
import { fail } from "../../lib/failure.ts";
import type { Arguments, Data } from "../../module.ts";
import { canonical, isObject } from "../lib/json.ts";

/** The body of the request that makes a container, while it is put together. */
export interface CreateBody {
  readonly config: Record<string, unknown>;
  readonly host: Record<string, unknown>;
}

/** How two values of an option are compared. Sets may hold texts or dicts. */
export type SettingKind = "value" | "list" | "set" | "dict";
export type Comparison = "strict" | "ignore" | "allow_more_present";

export interface Setting {
  readonly option: string;
  readonly kind: SettingKind;
  /** The value that was asked for in its canonical form; `undefined` when it was not. */
  wanted(args: Arguments): Data | undefined;
  /** The same of a container. `image` is the container's. */
  current(container: ContainerInspect, image: ImageInspect | undefined): Data | undefined;
  put(body: CreateBody, value: Data): void;
  /** Adds what the image brings along, so that it counts as asked for. */
  withImage?(value: Data, image: ImageInspect): Data;
  /** Can be changed in a container that exists: the fields of the update request. */
  update?(value: Data): Record<string, unknown>;
}

export function defaultComparison(setting: Pick<Setting, "option" | "kind">): Comparison {
  if (setting.option === "stop_timeout") return "ignore";
  return setting.kind === "value" || setting.kind === "list" ? "strict" : "allow_more_present";
}

/** Does the container have what is wanted? */
export function satisfied(
  kind: SettingKind,
  comparison: Comparison,
  wanted: Data,
  current: Data | undefined,
): boolean {
  if (comparison === "ignore") return true;
  const strict = comparison === "strict";
  switch (kind) {
    case "value":
      return canonical(wanted ?? "") === canonical(current ?? "");
    case "list": {
      const [want, have] = [texts(wanted), texts(current)];
      if (strict) return canonical(want) === canonical(have);
      let at = 0;
      for (const item of have) if (item === want[at]) at += 1;
      return at === want.length;
    }
    case "set": {
      const [want, have] = [items(wanted), items(current)];
      if (strict && want.length !== have.length) return false;
      return want.every((item) => have.some((other) => includes(other, item)));
    }
    case "dict": {
      const [want, have] = [dict(wanted), dict(current)];
      if (strict && Object.keys(want).length !== Object.keys(have).length) return false;
      return includes(have, want);
    }
  }
}

/** Dicts include those with fewer keys; everything else must be equal. */
function includes(whole: Data, part: Data): boolean {
  if (!isObject(part) || !isObject(whole)) return canonical(whole) === canonical(part);
  return Object.entries(part).every(
    ([key, value]) => key in whole && includes((whole[key] ?? null) as Data, value as Data),
  );
}

/** A set's elements, each once, in an order that does not depend on how they were given. */
export function sortedSet(values: readonly Data[]): Data[] {
  const byText = new Map(values.map((value) => [canonical(value), value]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, value]) => value);
}

function items(value: Data | undefined): readonly Data[] {
  return Array.isArray(value) ? sortedSet(value) : [];
}

function texts(value: Data | undefined): readonly string[] {
  return Array.isArray(value) ? value.map(canonical) : [];
}

function dict(value: Data | undefined): { readonly [key: string]: Data } {
  return isObject(value) ? (value as { readonly [key: string]: Data }) : {};
}

const NANOSECONDS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** `1m30s`: nanoseconds. */
export function durationOf(option: string, text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)/g)];
  if (parts.map(([part]) => part).join("") !== text || text === "") {
    return fail(`${option}: '${text}' is no time such as 30s or 1m30s`);
  }
  const total = parts.reduce(
    (sum, [, n, unit]) => sum + Number(n) * (NANOSECONDS[unit ?? ""] ?? 0),
    0,
  );
  return Math.round(total);
}
