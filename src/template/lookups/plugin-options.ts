/** Options of plugins that variables set, as the lookup `config` tells them. */
import type { Value } from "../../values/model.ts";

export interface PluginOption {
  /** Variables that set it; the first that is there counts. */
  readonly variables: readonly string[];
  readonly fallback: Value;
  /** The setting that counts when no variable is there. */
  readonly setting: string | undefined;
}

function option(variables: string, fallback: Value = null, setting?: string): PluginOption {
  return { variables: variables.split(" "), fallback, setting };
}

const SSH: Readonly<Record<string, PluginOption>> = {
  host: option("ansible_host ansible_ssh_host inventory_hostname"),
  port: option("ansible_port ansible_ssh_port", null, "DEFAULT_REMOTE_PORT"),
  remote_user: option("ansible_user ansible_ssh_user", null, "DEFAULT_REMOTE_USER"),
  password: option("ansible_password ansible_ssh_pass ansible_ssh_password"),
  private_key_file: option(
    "ansible_private_key_file ansible_ssh_private_key_file",
    null,
    "DEFAULT_PRIVATE_KEY_FILE",
  ),
  host_key_checking: option(
    "ansible_host_key_checking ansible_ssh_host_key_checking",
    true,
    "HOST_KEY_CHECKING",
  ),
  ssh_executable: option("ansible_ssh_executable", "ssh", "SSH_EXECUTABLE"),
  ssh_args: option(
    "ansible_ssh_args",
    "-C -o ControlMaster=auto -o ControlPersist=60s",
    "SSH_ARGS",
  ),
  ssh_common_args: option("ansible_ssh_common_args", "", "SSH_COMMON_ARGS"),
  ssh_extra_args: option("ansible_ssh_extra_args", "", "SSH_EXTRA_ARGS"),
  ssh_transfer_method: option("ansible_ssh_transfer_method", null, "SSH_TRANSFER_METHOD"),
  scp_if_ssh: option("ansible_scp_if_ssh", "smart", "SCP_IF_SSH"),
  sftp_executable: option("ansible_sftp_executable", "sftp", "SFTP_EXECUTABLE"),
  scp_executable: option("ansible_scp_executable", "scp", "SCP_EXECUTABLE"),
  scp_extra_args: option("ansible_scp_extra_args", "", "SCP_EXTRA_ARGS"),
  sftp_extra_args: option("ansible_sftp_extra_args", "", "SFTP_EXTRA_ARGS"),
  sftp_batch_mode: option("ansible_sftp_batch_mode", true, "SFTP_BATCH_MODE"),
  control_path: option("ansible_control_path", null, "SSH_CONTROL_PATH"),
  control_path_dir: option("ansible_control_path_dir", "~/.ansible/cp", "SSH_CONTROL_PATH_DIR"),
  reconnection_retries: option("ansible_ssh_retries", 0, "SSH_RETRIES"),
  use_tty: option("ansible_ssh_use_tty", true, "SSH_USE_TTY"),
  sshpass_prompt: option("ansible_sshpass_prompt", "", "SSHPASS_PROMPT"),
  pkcs11_provider: option("ansible_ssh_pkcs11_provider", ""),
  pipelining: option("ansible_pipelining ansible_ssh_pipelining", false, "SSH_PIPELINING"),
  timeout: option("ansible_ssh_timeout", 10, "DEFAULT_TIMEOUT"),
};

/** By `TYPE.NAME` of the plugin. */
export const PLUGIN_OPTIONS: Readonly<Record<string, Readonly<Record<string, PluginOption>>>> = {
  "connection.ssh": SSH,
  "shell.sh": { remote_tmp: option("ansible_remote_tmp", "~/.ansible/tmp") },
};
