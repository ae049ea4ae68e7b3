/** Settings by name, as the lookup `config` asks for them. */
import { type EngineSettings, findSetting, readIni, type SettingValue } from "./settings.ts";
import type { SettingName } from "./settings-table.ts";
import { UNUSED_DEFAULTS } from "./settings-unused-defaults.ts";
import { WITHOUT_MEANING } from "./settings-without-meaning.ts";

/** What {@link EngineSettings.all} has of a setting. */
export interface NamedSetting {
  readonly value: SettingValue;
  readonly origin: string;
}

/**
 * A setting of Ansible and where it comes from: one that counts here, or one that has no meaning here
 * and that a playbook may ask for all the same.
 * @throws LayerbookError when what the user has set is not of the setting's type
 */
export function namedSetting(settings: EngineSettings, name: string): NamedSetting | undefined {
  const found = settings.all.get(name as SettingName);
  if (found) return found;
  if (!Object.hasOwn(UNUSED_DEFAULTS, name)) return undefined;
  const sources = WITHOUT_MEANING[name];
  const defaults = UNUSED_DEFAULTS[name];
  if (!sources || !defaults) return undefined;
  const { configFile } = settings;
  const ini = configFile === undefined ? new Map<string, string>() : readIni(configFile);
  const spec = { ...defaults, env: sources.env, ini: sources.ini, summary: sources.why };
  return findSetting(name, spec, settings.env, ini, configFile, process.cwd());
}
