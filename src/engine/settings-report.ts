/** What of a user's configuration counts, and what has no meaning here. */
import { isFile } from "../playbook/loader.ts";
import { type EngineSettings, readIni } from "./settings.ts";
import { SETTINGS, type SettingSpec } from "./settings-table.ts";
import { WITHOUT_MEANING } from "./settings-without-meaning.ts";

export interface MeaninglessSetting {
  /** `section.key`, or the variable. */
  readonly name: string;
  /** The file, or `environment`. */
  readonly origin: string;
  readonly why: string;
}

/** Sections whose keys are options of plugins. */
const SECTION_REASONS: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/^ssh_connection\./, "A host has one connection that lives as long as the run."],
  [/^(paramiko|persistent|netconf)_connection\./, "SSH is always OpenSSH."],
  [/^galaxy/, "ansible-galaxy is not part of Layerbook."],
  [/^callback_/, "This output is not there."],
];

/** Settings that the user has made and that change nothing. */
export function meaninglessSettings(
  settings: EngineSettings,
  env: Readonly<Record<string, string | undefined>> = process.env,
): MeaninglessSetting[] {
  const found: MeaninglessSetting[] = [];
  const known = new Map(
    Object.entries(WITHOUT_MEANING)
      .filter(([name]) => !Object.hasOwn(SETTINGS, name))
      .flatMap(([, spec]) => [...spec.env, ...spec.ini].map((key) => [key, spec.why] as const)),
  );
  const { configFile } = settings;
  if (configFile !== undefined && isFile(configFile)) {
    const used = new Set(
      Object.values(SETTINGS as Readonly<Record<string, SettingSpec>>).flatMap((spec) => spec.ini),
    );
    for (const key of readIni(configFile).keys()) {
      if (used.has(key)) continue;
      const section = SECTION_REASONS.find(([pattern]) => pattern.test(key))?.[1];
      const why = known.get(key) ?? section ?? "Ansible has no setting of this name.";
      found.push({ name: key, origin: configFile, why });
    }
  }
  const variables = new Set(
    Object.values(SETTINGS as Readonly<Record<string, SettingSpec>>).flatMap((spec) => spec.env),
  );
  for (const name of Object.keys(env).sort()) {
    if (!name.startsWith("ANSIBLE_") || variables.has(name)) continue;
    if (name === "ANSIBLE_CONFIG" || name === "ANSIBLE_HOME") continue;
    const why = known.get(name) ?? "Ansible has no setting of this name.";
    found.push({ name, origin: "environment", why });
  }
  return found;
}
