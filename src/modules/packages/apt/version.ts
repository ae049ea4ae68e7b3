/** Versions of Debian packages: their order, and package specifications. */
import { globRegExp } from "../../lib/glob.ts";

/**
 * Compares two versions as `dpkg --compare-versions` does (deb-version(7)).
 * @returns negative, zero or positive
 */
export function compareVersions(a: string, b: string): number {
  const [epochA, upstreamA, revisionA] = splitVersion(a);
  const [epochB, upstreamB, revisionB] = splitVersion(b);
  return (
    epochA - epochB || compareParts(upstreamA, upstreamB) || compareParts(revisionA, revisionB)
  );
}

function splitVersion(version: string): [number, string, string] {
  const colon = version.indexOf(":");
  const epoch = colon < 0 ? 0 : Number(version.slice(0, colon));
  const rest = version.slice(colon + 1);
  const dash = rest.lastIndexOf("-");
  return dash < 0 ? [epoch, rest, ""] : [epoch, rest.slice(0, dash), rest.slice(dash + 1)];
}

/** `~` sorts before the end, the end before letters, letters before everything else. */
function weight(char: string | undefined): number {
  if (char === "~") return -1;
  if (char === undefined || /\d/.test(char)) return 0;
  return /[A-Za-z]/.test(char) ? char.charCodeAt(0) : char.charCodeAt(0) + 256;
}

function compareParts(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    while ((i < a.length && !/\d/.test(a[i] ?? "")) || (j < b.length && !/\d/.test(b[j] ?? ""))) {
      const difference = weight(a[i]) - weight(b[j]);
      if (difference !== 0) return difference;
      i++;
      j++;
    }
    const digitsA = /^\d*/.exec(a.slice(i))?.[0] ?? "";
    const digitsB = /^\d*/.exec(b.slice(j))?.[0] ?? "";
    const difference = BigInt(digitsA || "0") - BigInt(digitsB || "0");
    if (difference !== 0n) return difference < 0n ? -1 : 1;
    i += digitsA.length;
    j += digitsB.length;
  }
  return 0;
}

/** `nginx`, `nginx:arm64`, `nginx=1.2*`, `nginx>=1.2`, `nginx/stable`. */
export interface PackageSpec {
  readonly text: string;
  readonly name: string;
  readonly architecture: string | undefined;
  readonly operator: "=" | ">=" | undefined;
  readonly version: string | undefined;
  readonly release: string | undefined;
}

export function parseSpec(text: string): PackageSpec {
  const versioned = /^([^=>]+?)\s*(>=|=)\s*(.+)$/.exec(text);
  const full = versioned?.[1] ?? text;
  const [qualified = full, release] = full.split("/", 2);
  const [name = qualified, architecture] = qualified.split(":", 2);
  return {
    text,
    name,
    architecture,
    operator: versioned?.[2] as "=" | ">=" | undefined,
    version: versioned?.[3],
    release,
  };
}

/** Does a version fit `=1.2*` or `>=1.2`? */
export function versionFits(spec: PackageSpec, version: string): boolean {
  if (spec.version === undefined) return true;
  if (spec.operator === ">=") return compareVersions(version, spec.version) >= 0;
  return globRegExp(spec.version).test(version);
}
