/**
 * The `yaml` output of community.general: the default one with results as YAML.
 * @see https://docs.ansible.com/ansible/latest/collections/community/general/yaml_callback.html
 */
import type { Listener } from "../engine/events.ts";
import type { CallbackOptions } from "./callback.ts";
import { defaultCallback } from "./default-callback.ts";

export function yamlCallback(options: CallbackOptions): Listener {
  return defaultCallback(options, "yaml-summary");
}
