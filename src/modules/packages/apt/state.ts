/** What dpkg has installed. */
import { globRegExp } from "../../lib/glob.ts";
import { linesOf } from "../../lib/sections.ts";
import { type PackageSpec, versionFits } from "./version.ts";

/** Prints one line a package that dpkg knows, without starting anything else. */
export const DPKG_QUERY = `dpkg-query -W -f='\${Package}\\t\${Architecture}\\t\${Version}\\t\${db:Status-Status}\\t\${Provides}\\n' 2>/dev/null`;

export interface DebPackage {
  readonly name: string;
  readonly architecture: string;
  readonly version: string;
  readonly installed: boolean;
  /** Something of it is left: it is installed, or its configuration files are. */
  readonly hasFiles: boolean;
  readonly provides: readonly string[];
}

export class DpkgState {
  readonly #packages = new Map<string, DebPackage[]>();
  readonly #providers = new Map<string, DebPackage[]>();

  constructor(report: string | undefined) {
    for (const line of linesOf(report)) {
      const [name = "", architecture = "", version = "", status = "", provides = ""] =
        line.split("\t");
      const found: DebPackage = {
        name,
        architecture,
        version,
        installed: status === "installed",
        hasFiles: status !== "not-installed" && status !== "",
        provides: provides
          .split(",")
          .map((each) => each.trim().split(" ")[0] ?? "")
          .filter((each) => each !== ""),
      };
      append(this.#packages, name, found);
      if (found.installed) for (const each of found.provides) append(this.#providers, each, found);
    }
  }

  /** Every name dpkg knows. */
  names(): IterableIterator<string> {
    return this.#packages.keys();
  }

  find(spec: PackageSpec): DebPackage | undefined {
    const candidates = (this.#packages.get(spec.name) ?? []).filter(
      (each) =>
        spec.architecture === undefined ||
        spec.architecture === "any" ||
        each.architecture === spec.architecture,
    );
    return candidates.find((each) => each.installed) ?? candidates[0];
  }

  /** The installed package of that name and version, or the only installed one that provides it. */
  installed(spec: PackageSpec): DebPackage | undefined {
    const found = this.find(spec);
    if (found?.installed) return versionFits(spec, found.version) ? found : undefined;
    if (spec.version !== undefined) return undefined;
    const providers = this.#providers.get(spec.name) ?? [];
    return providers.length === 1 ? providers[0] : undefined;
  }

  /** Known names that fit a pattern. */
  matching(pattern: string): string[] {
    const regexp = globRegExp(pattern);
    return [...this.names()].filter((name) => regexp.test(name));
  }
}

function append(map: Map<string, DebPackage[]>, key: string, value: DebPackage): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

/** Packages that apt installed because others need them (/var/lib/apt/extended_states). */
export function automaticPackages(extendedStates: string | undefined): ReadonlySet<string> {
  const names = new Set<string>();
  for (const stanza of (extendedStates ?? "").split("\n\n")) {
    const name = /^Package: (.+)$/m.exec(stanza)?.[1];
    if (name && /^Auto-Installed: 1$/m.test(stanza)) names.add(name);
  }
  return names;
}
