/**
 * Settings of Ansible that have no meaning here, and why: `layerbook config` names those that a user
 * has set all the same.
 * @see https://docs.ansible.com/ansible/latest/reference_appendices/config.html
 */

export interface SettingWithoutMeaning {
  readonly env: readonly string[];
  /** `section.key` of ansible.cfg. */
  readonly ini: readonly string[];
  readonly why: string;
}

function none(env: string, ini: string, why: string): SettingWithoutMeaning {
  const words = (text: string) => (text === "" ? [] : text.split(" "));
  return { env: words(env), ini: words(ini), why };
}

const NO_EFFECT = "It has no effect here.";
const ALWAYS_BECOMES = "Another user is become whenever that is asked for.";
const WARNED = "A key that is there twice is warned of.";
const GALAXY = "ansible-galaxy is not part of Layerbook.";
const NETWORK = "Network devices are not supported.";
const ONE_SHELL =
  "A host has one shell that lives as long as the run; nothing is copied for a task.";
const NO_CACHE = "Inventories are read anew in every run.";
const PLUGINS = "Plugins of this kind are not loaded.";
const DEVELOPMENT = "It is for the development of Ansible.";
const WORKERS = "There are no worker processes.";
const SYSLOG = "Modules do not write to the system log.";
const SELINUX = "Contexts of SELinux are left as the system sets them.";
const TEMPLATES = "Templates behave as they do by default.";
const DEBUGGER = "The debugger is asked for with the keyword debugger.";
const COLLECTIONS = "Collections are found on the collections path only.";
const OPENSSH = "SSH is always OpenSSH.";
const ONE_STREAM = "Files go through the shell of the host, never by sftp or scp.";
const COW = "There is no cow.";
const WINDOWS = "Windows targets are not supported.";

export const WITHOUT_MEANING: Readonly<Record<string, SettingWithoutMeaning>> = {
  BECOME_ALLOW_SAME_USER: none(
    "ANSIBLE_BECOME_ALLOW_SAME_USER",
    "privilege_escalation.become_allow_same_user",
    ALWAYS_BECOMES,
  ),
  DUPLICATE_YAML_DICT_KEY: none(
    "ANSIBLE_DUPLICATE_YAML_DICT_KEY",
    "defaults.duplicate_dict_key",
    WARNED,
  ),
  SYSTEM_WARNINGS: none("ANSIBLE_SYSTEM_WARNINGS", "defaults.system_warnings", NO_EFFECT),
  ACTION_WARNINGS: none("ANSIBLE_ACTION_WARNINGS", "defaults.action_warnings", NO_EFFECT),
  AGNOSTIC_BECOME_PROMPT: none(
    "ANSIBLE_AGNOSTIC_BECOME_PROMPT",
    "privilege_escalation.agnostic_become_prompt",
    NO_EFFECT,
  ),
  ANSIBLE_CONNECTION_PATH: none(
    "ANSIBLE_CONNECTION_PATH",
    "persistent_connection.ansible_connection_path",
    NETWORK,
  ),
  ANSIBLE_COW_ACCEPTLIST: none(
    "ANSIBLE_COW_WHITELIST ANSIBLE_COW_ACCEPTLIST",
    "defaults.cow_whitelist defaults.cowsay_enabled_stencils",
    COW,
  ),
  ANSIBLE_COW_PATH: none("ANSIBLE_COW_PATH", "defaults.cowpath", COW),
  ANSIBLE_COW_SELECTION: none("ANSIBLE_COW_SELECTION", "defaults.cow_selection", COW),
  ANSIBLE_HOME: none("ANSIBLE_HOME", "defaults.home", NO_EFFECT),
  ANSIBLE_NOCOWS: none("ANSIBLE_NOCOWS", "defaults.nocows", COW),
  ANSIBLE_PIPELINING: none(
    "ANSIBLE_PIPELINING",
    "defaults.pipelining connection.pipelining",
    ONE_SHELL,
  ),
  BECOME_PLUGIN_PATH: none("ANSIBLE_BECOME_PLUGINS", "defaults.become_plugins", PLUGINS),
  CACHE_PLUGIN: none("ANSIBLE_CACHE_PLUGIN", "defaults.fact_caching", NO_EFFECT),
  CACHE_PLUGIN_CONNECTION: none(
    "ANSIBLE_CACHE_PLUGIN_CONNECTION",
    "defaults.fact_caching_connection",
    NO_EFFECT,
  ),
  CACHE_PLUGIN_PREFIX: none(
    "ANSIBLE_CACHE_PLUGIN_PREFIX",
    "defaults.fact_caching_prefix",
    NO_EFFECT,
  ),
  CACHE_PLUGIN_TIMEOUT: none(
    "ANSIBLE_CACHE_PLUGIN_TIMEOUT",
    "defaults.fact_caching_timeout",
    NO_EFFECT,
  ),
  COLLECTIONS_ON_ANSIBLE_VERSION_MISMATCH: none(
    "ANSIBLE_COLLECTIONS_ON_ANSIBLE_VERSION_MISMATCH",
    "defaults.collections_on_ansible_version_mismatch",
    COLLECTIONS,
  ),
  COLLECTIONS_SCAN_SYS_PATH: none(
    "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH",
    "defaults.collections_scan_sys_path",
    COLLECTIONS,
  ),
  CONNECTION_FACTS_MODULES: none("", "", NETWORK),
  COVERAGE_REMOTE_OUTPUT: none("_ANSIBLE_COVERAGE_REMOTE_OUTPUT", "", DEVELOPMENT),
  COVERAGE_REMOTE_PATHS: none("_ANSIBLE_COVERAGE_REMOTE_PATH_FILTER", "", DEVELOPMENT),
  DEFAULT_ALLOW_UNSAFE_LOOKUPS: none("", "defaults.allow_unsafe_lookups", NO_EFFECT),
  DEFAULT_CACHE_PLUGIN_PATH: none("ANSIBLE_CACHE_PLUGINS", "defaults.cache_plugins", PLUGINS),
  DEFAULT_CALLBACK_PLUGIN_PATH: none(
    "ANSIBLE_CALLBACK_PLUGINS",
    "defaults.callback_plugins",
    PLUGINS,
  ),
  DEFAULT_CLICONF_PLUGIN_PATH: none("ANSIBLE_CLICONF_PLUGINS", "defaults.cliconf_plugins", NETWORK),
  DEFAULT_CONNECTION_PLUGIN_PATH: none(
    "ANSIBLE_CONNECTION_PLUGINS",
    "defaults.connection_plugins",
    PLUGINS,
  ),
  DEFAULT_DEBUG: none("ANSIBLE_DEBUG", "defaults.debug", DEVELOPMENT),
  DEFAULT_EXECUTABLE: none("ANSIBLE_EXECUTABLE", "defaults.executable", ONE_SHELL),
  DEFAULT_FACT_PATH: none("ANSIBLE_FACT_PATH", "defaults.fact_path", NO_EFFECT),
  DEFAULT_HTTPAPI_PLUGIN_PATH: none("ANSIBLE_HTTPAPI_PLUGINS", "defaults.httpapi_plugins", NETWORK),
  DEFAULT_INTERNAL_POLL_INTERVAL: none("", "defaults.internal_poll_interval", WORKERS),
  DEFAULT_INVENTORY_PLUGIN_PATH: none(
    "ANSIBLE_INVENTORY_PLUGINS",
    "defaults.inventory_plugins",
    PLUGINS,
  ),
  DEFAULT_JINJA2_EXTENSIONS: none(
    "ANSIBLE_JINJA2_EXTENSIONS",
    "defaults.jinja2_extensions",
    TEMPLATES,
  ),
  DEFAULT_KEEP_REMOTE_FILES: none(
    "ANSIBLE_KEEP_REMOTE_FILES",
    "defaults.keep_remote_files",
    ONE_SHELL,
  ),
  DEFAULT_LIBVIRT_LXC_NOSECLABEL: none(
    "ANSIBLE_LIBVIRT_LXC_NOSECLABEL",
    "selinux.libvirt_lxc_noseclabel",
    SELINUX,
  ),
  DEFAULT_LOCAL_TMP: none("ANSIBLE_LOCAL_TEMP", "defaults.local_tmp", NO_EFFECT),
  DEFAULT_LOG_FILTER: none("ANSIBLE_LOG_FILTER", "defaults.log_filter", NO_EFFECT),
  DEFAULT_MODULE_COMPRESSION: none("", "defaults.module_compression", ONE_SHELL),
  DEFAULT_MODULE_UTILS_PATH: none("ANSIBLE_MODULE_UTILS", "defaults.module_utils", NO_EFFECT),
  DEFAULT_NETCONF_PLUGIN_PATH: none("ANSIBLE_NETCONF_PLUGINS", "defaults.netconf_plugins", NETWORK),
  DEFAULT_NO_TARGET_SYSLOG: none("ANSIBLE_NO_TARGET_SYSLOG", "defaults.no_target_syslog", SYSLOG),
  DEFAULT_NULL_REPRESENTATION: none(
    "ANSIBLE_NULL_REPRESENTATION",
    "defaults.null_representation",
    TEMPLATES,
  ),
  DEFAULT_SELINUX_SPECIAL_FS: none(
    "ANSIBLE_SELINUX_SPECIAL_FS",
    "selinux.special_context_filesystems",
    SELINUX,
  ),
  DEFAULT_STRATEGY_PLUGIN_PATH: none(
    "ANSIBLE_STRATEGY_PLUGINS",
    "defaults.strategy_plugins",
    PLUGINS,
  ),
  DEFAULT_SYSLOG_FACILITY: none("ANSIBLE_SYSLOG_FACILITY", "defaults.syslog_facility", SYSLOG),
  DEFAULT_TERMINAL_PLUGIN_PATH: none(
    "ANSIBLE_TERMINAL_PLUGINS",
    "defaults.terminal_plugins",
    NETWORK,
  ),
  DEFAULT_VARS_PLUGIN_PATH: none("ANSIBLE_VARS_PLUGINS", "defaults.vars_plugins", PLUGINS),
  DEVEL_WARNING: none("ANSIBLE_DEVEL_WARNING", "defaults.devel_warning", DEVELOPMENT),
  DOCSITE_ROOT_URL: none("", "defaults.docsite_root_url", DEVELOPMENT),
  DOC_FRAGMENT_PLUGIN_PATH: none(
    "ANSIBLE_DOC_FRAGMENT_PLUGINS",
    "defaults.doc_fragment_plugins",
    PLUGINS,
  ),
  ENABLE_TASK_DEBUGGER: none(
    "ANSIBLE_ENABLE_TASK_DEBUGGER",
    "defaults.enable_task_debugger",
    DEBUGGER,
  ),
  FACTS_MODULES: none("ANSIBLE_FACTS_MODULES", "defaults.facts_modules", NO_EFFECT),
  GALAXY_CACHE_DIR: none("ANSIBLE_GALAXY_CACHE_DIR", "galaxy.cache_dir", GALAXY),
  GALAXY_COLLECTION_SKELETON: none(
    "ANSIBLE_GALAXY_COLLECTION_SKELETON",
    "galaxy.collection_skeleton",
    GALAXY,
  ),
  GALAXY_COLLECTION_SKELETON_IGNORE: none(
    "ANSIBLE_GALAXY_COLLECTION_SKELETON_IGNORE",
    "galaxy.collection_skeleton_ignore",
    GALAXY,
  ),
  GALAXY_DISABLE_GPG_VERIFY: none(
    "ANSIBLE_GALAXY_DISABLE_GPG_VERIFY",
    "galaxy.disable_gpg_verify",
    GALAXY,
  ),
  GALAXY_DISPLAY_PROGRESS: none(
    "ANSIBLE_GALAXY_DISPLAY_PROGRESS",
    "galaxy.display_progress",
    GALAXY,
  ),
  GALAXY_GPG_KEYRING: none("ANSIBLE_GALAXY_GPG_KEYRING", "galaxy.gpg_keyring", GALAXY),
  GALAXY_IGNORE_CERTS: none("ANSIBLE_GALAXY_IGNORE", "galaxy.ignore_certs", GALAXY),
  GALAXY_IGNORE_INVALID_SIGNATURE_STATUS_CODES: none(
    "ANSIBLE_GALAXY_IGNORE_SIGNATURE_STATUS_CODES",
    "galaxy.ignore_signature_status_codes",
    GALAXY,
  ),
  GALAXY_REQUIRED_VALID_SIGNATURE_COUNT: none(
    "ANSIBLE_GALAXY_REQUIRED_VALID_SIGNATURE_COUNT",
    "galaxy.required_valid_signature_count",
    GALAXY,
  ),
  GALAXY_ROLE_SKELETON: none("ANSIBLE_GALAXY_ROLE_SKELETON", "galaxy.role_skeleton", GALAXY),
  GALAXY_ROLE_SKELETON_IGNORE: none(
    "ANSIBLE_GALAXY_ROLE_SKELETON_IGNORE",
    "galaxy.role_skeleton_ignore",
    GALAXY,
  ),
  GALAXY_SERVER: none("ANSIBLE_GALAXY_SERVER", "galaxy.server", GALAXY),
  GALAXY_SERVER_LIST: none("ANSIBLE_GALAXY_SERVER_LIST", "galaxy.server_list", GALAXY),
  GALAXY_TOKEN_PATH: none("ANSIBLE_GALAXY_TOKEN_PATH", "galaxy.token_path", GALAXY),
  INTERPRETER_PYTHON_FALLBACK: none("", "", NO_EFFECT),
  INVALID_TASK_ATTRIBUTE_FAILED: none(
    "ANSIBLE_INVALID_TASK_ATTRIBUTE_FAILED",
    "defaults.invalid_task_attribute_failed",
    NO_EFFECT,
  ),
  INVENTORY_CACHE_ENABLED: none("ANSIBLE_INVENTORY_CACHE", "inventory.cache", NO_CACHE),
  INVENTORY_CACHE_PLUGIN: none(
    "ANSIBLE_INVENTORY_CACHE_PLUGIN",
    "inventory.cache_plugin",
    NO_CACHE,
  ),
  INVENTORY_CACHE_PLUGIN_CONNECTION: none(
    "ANSIBLE_INVENTORY_CACHE_CONNECTION",
    "inventory.cache_connection",
    NO_CACHE,
  ),
  INVENTORY_CACHE_PLUGIN_PREFIX: none(
    "ANSIBLE_INVENTORY_CACHE_PLUGIN_PREFIX",
    "inventory.cache_prefix",
    NO_CACHE,
  ),
  INVENTORY_CACHE_TIMEOUT: none(
    "ANSIBLE_INVENTORY_CACHE_TIMEOUT",
    "inventory.cache_timeout",
    NO_CACHE,
  ),
  INVENTORY_IGNORE_PATTERNS: none(
    "ANSIBLE_INVENTORY_IGNORE_REGEX",
    "defaults.inventory_ignore_patterns inventory.ignore_patterns",
    NO_EFFECT,
  ),
  JINJA2_NATIVE_WARNING: none(
    "ANSIBLE_JINJA2_NATIVE_WARNING",
    "defaults.jinja2_native_warning",
    TEMPLATES,
  ),
  MAX_FILE_SIZE_FOR_DIFF: none("ANSIBLE_MAX_DIFF_SIZE", "defaults.max_diff_size", NO_EFFECT),
  MODULE_IGNORE_EXTS: none("ANSIBLE_MODULE_IGNORE_EXTS", "defaults.module_ignore_exts", NO_EFFECT),
  NETCONF_SSH_CONFIG: none("ANSIBLE_NETCONF_SSH_CONFIG", "netconf_connection.ssh_config", NETWORK),
  NETWORK_GROUP_MODULES: none(
    "ANSIBLE_NETWORK_GROUP_MODULES",
    "defaults.network_group_modules",
    NETWORK,
  ),
  OLD_PLUGIN_CACHE_CLEARING: none(
    "ANSIBLE_OLD_PLUGIN_CACHE_CLEAR",
    "defaults.old_plugin_cache_clear",
    PLUGINS,
  ),
  PARAMIKO_HOST_KEY_AUTO_ADD: none(
    "ANSIBLE_PARAMIKO_HOST_KEY_AUTO_ADD",
    "paramiko_connection.host_key_auto_add",
    OPENSSH,
  ),
  PARAMIKO_LOOK_FOR_KEYS: none(
    "ANSIBLE_PARAMIKO_LOOK_FOR_KEYS",
    "paramiko_connection.look_for_keys",
    OPENSSH,
  ),
  PERSISTENT_COMMAND_TIMEOUT: none(
    "ANSIBLE_PERSISTENT_COMMAND_TIMEOUT",
    "persistent_connection.command_timeout",
    NETWORK,
  ),
  PERSISTENT_CONNECT_RETRY_TIMEOUT: none(
    "ANSIBLE_PERSISTENT_CONNECT_RETRY_TIMEOUT",
    "persistent_connection.connect_retry_timeout",
    NETWORK,
  ),
  PERSISTENT_CONNECT_TIMEOUT: none(
    "ANSIBLE_PERSISTENT_CONNECT_TIMEOUT",
    "persistent_connection.connect_timeout",
    NETWORK,
  ),
  PERSISTENT_CONTROL_PATH_DIR: none(
    "ANSIBLE_PERSISTENT_CONTROL_PATH_DIR",
    "persistent_connection.control_path_dir",
    NETWORK,
  ),
  PLAYBOOK_VARS_ROOT: none("ANSIBLE_PLAYBOOK_VARS_ROOT", "defaults.playbook_vars_root", NO_EFFECT),
  PLUGIN_FILTERS_CFG: none("", "defaults.plugin_filters_cfg", PLUGINS),
  PYTHON_MODULE_RLIMIT_NOFILE: none(
    "ANSIBLE_PYTHON_MODULE_RLIMIT_NOFILE",
    "defaults.python_module_rlimit_nofile",
    ONE_SHELL,
  ),
  RUN_VARS_PLUGINS: none("ANSIBLE_RUN_VARS_PLUGINS", "defaults.run_vars_plugins", PLUGINS),
  STRING_CONVERSION_ACTION: none(
    "ANSIBLE_STRING_CONVERSION_ACTION",
    "defaults.string_conversion_action",
    TEMPLATES,
  ),
  STRING_TYPE_FILTERS: none("ANSIBLE_STRING_TYPE_FILTERS", "jinja2.dont_type_filters", TEMPLATES),
  TASK_DEBUGGER_IGNORE_ERRORS: none(
    "ANSIBLE_TASK_DEBUGGER_IGNORE_ERRORS",
    "defaults.task_debugger_ignore_errors",
    DEBUGGER,
  ),
  SCP_EXECUTABLE: none("ANSIBLE_SCP_EXECUTABLE", "ssh_connection.scp_executable", ONE_STREAM),
  SCP_EXTRA_ARGS: none("ANSIBLE_SCP_EXTRA_ARGS", "ssh_connection.scp_extra_args", ONE_STREAM),
  SCP_IF_SSH: none("ANSIBLE_SCP_IF_SSH", "ssh_connection.scp_if_ssh", ONE_STREAM),
  SFTP_BATCH_MODE: none("ANSIBLE_SFTP_BATCH_MODE", "ssh_connection.sftp_batch_mode", ONE_STREAM),
  SFTP_EXECUTABLE: none("ANSIBLE_SFTP_EXECUTABLE", "ssh_connection.sftp_executable", ONE_STREAM),
  SFTP_EXTRA_ARGS: none("ANSIBLE_SFTP_EXTRA_ARGS", "ssh_connection.sftp_extra_args", ONE_STREAM),
  SSH_TRANSFER_METHOD: none(
    "ANSIBLE_SSH_TRANSFER_METHOD",
    "ssh_connection.transfer_method",
    ONE_STREAM,
  ),
  SSH_PIPELINING: none(
    "ANSIBLE_SSH_PIPELINING ANSIBLE_PIPELINING",
    "ssh_connection.pipelining connection.pipelining defaults.pipelining",
    ONE_SHELL,
  ),
  SSH_USE_TTY: none("ANSIBLE_SSH_USETTY", "ssh_connection.usetty", ONE_SHELL),
  TRANSFORM_INVALID_GROUP_CHARS: none(
    "ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS",
    "defaults.force_valid_group_names",
    NO_EFFECT,
  ),
  USE_PERSISTENT_CONNECTIONS: none(
    "ANSIBLE_USE_PERSISTENT_CONNECTIONS",
    "defaults.use_persistent_connections",
    ONE_SHELL,
  ),
  VALIDATE_ACTION_GROUP_METADATA: none(
    "ANSIBLE_VALIDATE_ACTION_GROUP_METADATA",
    "defaults.validate_action_group_metadata",
    NO_EFFECT,
  ),
  VARIABLE_PLUGINS_ENABLED: none("ANSIBLE_VARS_ENABLED", "defaults.vars_plugins_enabled", PLUGINS),
  VARIABLE_PRECEDENCE: none("ANSIBLE_PRECEDENCE", "defaults.precedence", NO_EFFECT),
  WIN_ASYNC_STARTUP_TIMEOUT: none(
    "ANSIBLE_WIN_ASYNC_STARTUP_TIMEOUT",
    "defaults.win_async_startup_timeout",
    WINDOWS,
  ),
  WORKER_SHUTDOWN_POLL_COUNT: none("ANSIBLE_WORKER_SHUTDOWN_POLL_COUNT", "", WORKERS),
  WORKER_SHUTDOWN_POLL_DELAY: none("ANSIBLE_WORKER_SHUTDOWN_POLL_DELAY", "", WORKERS),
  YAML_FILENAME_EXTENSIONS: none(
    "ANSIBLE_YAML_FILENAME_EXT",
    "defaults.yaml_valid_extensions",
    NO_EFFECT,
  ),
};
