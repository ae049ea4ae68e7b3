/** Options of plugins that variables set, as the lookup `config` tells them. */
import type { Value } from "../../values/model.ts";

export interface PluginOption {
  /** Variables that set it; the first that is there counts. */
  readonly variables: readonly string[];
  readonly fallback: Value;
}

function option(variables: string, fallback: Value = null): PluginOption {
  return { variables: variables.split(" "), fallback };
}

const SSH: Readonly<Record<string, PluginOption>> = {
  host: option("ansible_host ansible_ssh_host inventory_hostname"),
  port: option("ansible_port ansible_ssh_port"),
  remote_user: option("ansible_user ansible_ssh_user"),
  password: option("ansible_password ansible_ssh_pass ansible_ssh_password"),
  private_key_file: option("ansible_private_key_file ansible_ssh_private_key_file"),
  host_key_checking: option("ansible_host_key_checking ansible_ssh_host_key_checking", true),
  ssh_executable: option("ansible_ssh_executable", "ssh"),
  ssh_args: option("ansible_ssh_args", "-C -o ControlMaster=auto -o ControlPersist=60s"),
  ssh_common_args: option("ansible_ssh_common_args", ""),
  ssh_extra_args: option("ansible_ssh_extra_args", ""),
  timeout: option("ansible_ssh_timeout", 10),
};

/** By `TYPE.NAME` of the plugin. */
export const PLUGIN_OPTIONS: Readonly<Record<string, Readonly<Record<string, PluginOption>>>> = {
  "connection.ssh": SSH,
  "shell.sh": { remote_tmp: option("ansible_remote_tmp", "~/.ansible/tmp") },
};
