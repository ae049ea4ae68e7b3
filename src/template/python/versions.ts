import { raise } from "./raise.ts";

/**
 * The version schemes of the `version` test: distutils' LooseVersion and StrictVersion, SemVer 2.0
 * (https://semver.org) and PEP 440 (https://peps.python.org/pep-0440/).
 */

/** Negative, zero or positive, as the versions' order; raises where Python does. */
export type VersionOrder = (left: string, right: string) => number;

type LoosePart = number | string;

/** Digits and runs of letters; every other character but "." is a part of its own. */
function looseParts(version: string): LoosePart[] {
  return version
    .split(/(\d+|[a-z]+|\.)/)
    .filter((part) => part !== "" && part !== ".")
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

export function compareLoose(left: string, right: string): number {
  const a = looseParts(left);
  const b = looseParts(right);
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const x = a[i] ?? 0;
    const y = b[i] ?? 0;
    if (x === y) continue;
    if (typeof x === "number" && typeof y === "number") return x - y;
    if (typeof x === "string" && typeof y === "string") return x < y ? -1 : 1;
    const [first, second] = typeof x === "number" ? ["int", "str"] : ["str", "int"];
    return raise("TypeError", `'<' not supported between instances of '${first}' and '${second}'`);
  }
  return a.length - b.length;
}

function strictParts(version: string): { numbers: number[]; pre: [string, number] | undefined } {
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?(?:([ab])(\d+))?$/.exec(version);
  if (!match) return raise("ValueError", `invalid version number '${version}'`);
  return {
    numbers: [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)],
    pre: match[4] === undefined ? undefined : [match[4], Number(match[5])],
  };
}

export function compareStrict(left: string, right: string): number {
  const a = strictParts(left);
  const b = strictParts(right);
  for (let i = 0; i < 3; i++) {
    const difference = (a.numbers[i] ?? 0) - (b.numbers[i] ?? 0);
    if (difference !== 0) return difference;
  }
  if (!a.pre || !b.pre) return a.pre ? -1 : b.pre ? 1 : 0;
  if (a.pre[0] !== b.pre[0]) return a.pre[0] < b.pre[0] ? -1 : 1;
  return a.pre[1] - b.pre[1];
}

const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?$/;

function semanticParts(version: string): { core: number[]; pre: string[] | undefined } {
  const match = SEMVER.exec(version);
  if (!match) return raise("ValueError", `invalid semantic version '${version}'`);
  return {
    core: [Number(match[1]), Number(match[2]), Number(match[3])],
    pre: match[4]?.split("."),
  };
}

export function compareSemantic(left: string, right: string): number {
  const a = semanticParts(left);
  const b = semanticParts(right);
  for (let i = 0; i < 3; i++) {
    const difference = (a.core[i] ?? 0) - (b.core[i] ?? 0);
    if (difference !== 0) return difference;
  }
  if (!a.pre || !b.pre) return a.pre ? -1 : b.pre ? 1 : 0;
  for (let i = 0; i < Math.min(a.pre.length, b.pre.length); i++) {
    const x = a.pre[i] ?? "";
    const y = b.pre[i] ?? "";
    if (x === y) continue;
    const numeric = [/^\d+$/.test(x), /^\d+$/.test(y)];
    if (numeric[0] && numeric[1]) return Number(x) - Number(y);
    if (numeric[0] !== numeric[1]) return numeric[0] ? -1 : 1;
    return x < y ? -1 : 1;
  }
  return a.pre.length - b.pre.length;
}

const PEP440 =
  /^\s*v?(?:(?<epoch>\d+)!)?(?<release>\d+(?:\.\d+)*)(?:[-_.]?(?<pre>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?<preNumber>\d+)?)?(?:-(?<postShort>\d+)|[-_.]?(?<post>post|rev|r)[-_.]?(?<postNumber>\d+)?)?(?:[-_.]?(?<dev>dev)[-_.]?(?<devNumber>\d+)?)?(?:\+(?<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?\s*$/i;
const PRE_RANK: Readonly<Record<string, number>> = {
  a: 0,
  alpha: 0,
  b: 1,
  beta: 1,
  c: 2,
  rc: 2,
  pre: 2,
  preview: 2,
};

/** Numbers whose lexicographic order is PEP 440's. */
function pep440Key(version: string): {
  key: number[];
  release: number[];
  local: string[] | undefined;
} {
  const groups = PEP440.exec(version)?.groups;
  if (!groups) return raise("InvalidVersion", `Invalid version: '${version}'`);
  const release = (groups.release ?? "").split(".").map(Number);
  while (release.length > 0 && release.at(-1) === 0) release.pop();
  const hasPost = groups.post !== undefined || groups.postShort !== undefined;
  const hasDev = groups.dev !== undefined;
  // A bare development release comes before all pre-releases, a final one after them.
  const pre = groups.pre
    ? [PRE_RANK[groups.pre.toLowerCase()] ?? 0, Number(groups.preNumber ?? 0)]
    : [!hasPost && hasDev ? -1 : 3, 0];
  const post = hasPost ? Number(groups.postShort ?? groups.postNumber ?? 0) : -1;
  const dev = hasDev ? Number(groups.devNumber ?? 0) : Number.POSITIVE_INFINITY;
  return {
    key: [...pre, post, dev],
    release: [Number(groups.epoch ?? 0), ...release],
    local: groups.local?.toLowerCase().split(/[-_.]/),
  };
}

function compareNumbers(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const x = a[i] ?? 0;
    const y = b[i] ?? 0;
    if (x !== y) return x < y ? -1 : 1;
  }
  return a.length - b.length;
}

export function comparePep440(left: string, right: string): number {
  const a = pep440Key(left);
  const b = pep440Key(right);
  const order = compareNumbers(a.release, b.release) || compareNumbers(a.key, b.key);
  if (order !== 0 || (!a.local && !b.local)) return order;
  if (!a.local || !b.local) return a.local ? 1 : -1;
  for (let i = 0; i < Math.min(a.local.length, b.local.length); i++) {
    const x = a.local[i] ?? "";
    const y = b.local[i] ?? "";
    if (x === y) continue;
    const numeric = [/^\d+$/.test(x), /^\d+$/.test(y)];
    if (numeric[0] && numeric[1]) return Number(x) - Number(y);
    if (numeric[0] !== numeric[1]) return numeric[0] ? 1 : -1;
    return x < y ? -1 : 1;
  }
  return a.local.length - b.local.length;
}
