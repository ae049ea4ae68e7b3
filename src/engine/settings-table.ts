/**
 * The settings of `ansible.cfg` and of the environment that have a meaning here.
 * @see https://docs.ansible.com/ansible/latest/reference_appendices/config.html
 */
export type SettingType = "bool" | "int" | "float" | "string" | "list" | "path" | "pathlist";

export interface SettingSpec {
  readonly type: SettingType;
  /** As Ansible documents it, in its own notation; `undefined` is none. */
  readonly default: boolean | number | string | readonly string[] | undefined;
  readonly env: readonly string[];
  /** `section.key` of ansible.cfg, the first that is there counts. */
  readonly ini: readonly string[];
  readonly summary: string;
}

function setting(
  type: SettingType,
  fallback: SettingSpec["default"],
  env: string,
  ini: string,
  summary: string,
): SettingSpec {
  return { type, default: fallback, env: words(env), ini: words(ini), summary };
}

function words(text: string): string[] {
  return text === "" ? [] : text.split(" ");
}

export const SETTINGS = {
  ANY_ERRORS_FATAL: setting(
    "bool",
    false,
    "ANSIBLE_ANY_ERRORS_FATAL",
    "defaults.any_errors_fatal",
    "A failure on one host ends the play for all.",
  ),
  BECOME_ALLOW_SAME_USER: setting(
    "bool",
    false,
    "ANSIBLE_BECOME_ALLOW_SAME_USER",
    "privilege_escalation.become_allow_same_user",
    "Become even when the user would be the same.",
  ),
  COLLECTIONS_PATHS: setting(
    "pathlist",
    ["~/.ansible/collections", "/usr/share/ansible/collections"],
    "ANSIBLE_COLLECTIONS_PATH ANSIBLE_COLLECTIONS_PATHS",
    "defaults.collections_path defaults.collections_paths",
    "Folders that hold ansible_collections.",
  ),
  DEFAULT_BECOME: setting(
    "bool",
    false,
    "ANSIBLE_BECOME",
    "privilege_escalation.become",
    "Become another user in every task.",
  ),
  DEFAULT_BECOME_EXE: setting(
    "string",
    undefined,
    "ANSIBLE_BECOME_EXE",
    "privilege_escalation.become_exe",
    "Program of the become method.",
  ),
  DEFAULT_BECOME_FLAGS: setting(
    "string",
    undefined,
    "ANSIBLE_BECOME_FLAGS",
    "privilege_escalation.become_flags",
    "Flags of the become method.",
  ),
  DEFAULT_BECOME_METHOD: setting(
    "string",
    "sudo",
    "ANSIBLE_BECOME_METHOD",
    "privilege_escalation.become_method",
    "How to become another user.",
  ),
  DEFAULT_BECOME_USER: setting(
    "string",
    "root",
    "ANSIBLE_BECOME_USER",
    "privilege_escalation.become_user",
    "The user to become.",
  ),
  DEFAULT_FORKS: setting(
    "int",
    5,
    "ANSIBLE_FORKS",
    "defaults.forks",
    "How many hosts are served at once.",
  ),
  DEFAULT_GATHERING: setting(
    "string",
    "implicit",
    "ANSIBLE_GATHERING",
    "defaults.gathering",
    "When facts are gathered: implicit, explicit or smart.",
  ),
  DEFAULT_GATHER_SUBSET: setting(
    "list",
    undefined,
    "ANSIBLE_GATHER_SUBSET",
    "defaults.gather_subset",
    "Which facts are gathered.",
  ),
  DEFAULT_GATHER_TIMEOUT: setting(
    "int",
    undefined,
    "ANSIBLE_GATHER_TIMEOUT",
    "defaults.gather_timeout",
    "Seconds that gathering facts may take.",
  ),
  DEFAULT_HASH_BEHAVIOUR: setting(
    "string",
    "replace",
    "ANSIBLE_HASH_BEHAVIOUR",
    "defaults.hash_behaviour",
    "Whether dictionaries of the same name are merged.",
  ),
  DEFAULT_HOST_LIST: setting(
    "pathlist",
    ["/etc/ansible/hosts"],
    "ANSIBLE_INVENTORY",
    "defaults.inventory",
    "Inventory sources.",
  ),
  DEFAULT_JINJA2_NATIVE: setting(
    "bool",
    false,
    "ANSIBLE_JINJA2_NATIVE",
    "defaults.jinja2_native",
    "Results of templates keep their types.",
  ),
  DEFAULT_LOG_PATH: setting(
    "path",
    undefined,
    "ANSIBLE_LOG_PATH",
    "defaults.log_path",
    "File to which the output is written too.",
  ),
  DEFAULT_NO_LOG: setting(
    "bool",
    false,
    "ANSIBLE_NO_LOG",
    "defaults.no_log",
    "Keep results out of all output.",
  ),
  DEFAULT_POLL_INTERVAL: setting(
    "int",
    15,
    "ANSIBLE_POLL_INTERVAL",
    "defaults.poll_interval",
    "Seconds between looks at an asynchronous task.",
  ),
  DEFAULT_PRIVATE_KEY_FILE: setting(
    "path",
    undefined,
    "ANSIBLE_PRIVATE_KEY_FILE",
    "defaults.private_key_file",
    "Private key for SSH.",
  ),
  DEFAULT_PRIVATE_ROLE_VARS: setting(
    "bool",
    false,
    "ANSIBLE_PRIVATE_ROLE_VARS",
    "defaults.private_role_vars",
    "Variables of roles stay in the role.",
  ),
  DEFAULT_REMOTE_PORT: setting(
    "int",
    undefined,
    "ANSIBLE_REMOTE_PORT",
    "defaults.remote_port",
    "Port of connections.",
  ),
  DEFAULT_REMOTE_USER: setting(
    "string",
    undefined,
    "ANSIBLE_REMOTE_USER",
    "defaults.remote_user",
    "User to log in as.",
  ),
  DEFAULT_ROLES_PATH: setting(
    "pathlist",
    ["~/.ansible/roles", "/usr/share/ansible/roles", "/etc/ansible/roles"],
    "ANSIBLE_ROLES_PATH",
    "defaults.roles_path",
    "Folders in which roles are looked for.",
  ),
  DEFAULT_STDOUT_CALLBACK: setting(
    "string",
    "default",
    "ANSIBLE_STDOUT_CALLBACK",
    "defaults.stdout_callback",
    "How the output looks.",
  ),
  DEFAULT_STRATEGY: setting(
    "string",
    "linear",
    "ANSIBLE_STRATEGY",
    "defaults.strategy",
    "How hosts go through the tasks.",
  ),
  DEFAULT_TIMEOUT: setting(
    "int",
    10,
    "ANSIBLE_TIMEOUT",
    "defaults.timeout",
    "Seconds until a connection must stand.",
  ),
  DEFAULT_TRANSPORT: setting(
    "string",
    "smart",
    "ANSIBLE_TRANSPORT",
    "defaults.transport",
    "How hosts are reached.",
  ),
  DEFAULT_UNDEFINED_VAR_BEHAVIOR: setting(
    "bool",
    true,
    "ANSIBLE_ERROR_ON_UNDEFINED_VARS",
    "defaults.error_on_undefined_vars",
    "An undefined variable is an error.",
  ),
  DEFAULT_VAULT_IDENTITY: setting(
    "string",
    "default",
    "ANSIBLE_VAULT_IDENTITY",
    "defaults.vault_identity",
    "Label of secrets that have none.",
  ),
  DEFAULT_VAULT_IDENTITY_LIST: setting(
    "list",
    [],
    "ANSIBLE_VAULT_IDENTITY_LIST",
    "defaults.vault_identity_list",
    "Vault ids as --vault-id gives them.",
  ),
  DEFAULT_VAULT_PASSWORD_FILE: setting(
    "path",
    undefined,
    "ANSIBLE_VAULT_PASSWORD_FILE",
    "defaults.vault_password_file",
    "File or program with the vault password.",
  ),
  DEFAULT_VERBOSITY: setting(
    "int",
    0,
    "ANSIBLE_VERBOSITY",
    "defaults.verbosity",
    "How much is said, as with -v.",
  ),
  DEPRECATION_WARNINGS: setting(
    "bool",
    true,
    "ANSIBLE_DEPRECATION_WARNINGS",
    "defaults.deprecation_warnings",
    "Say what is deprecated.",
  ),
  DIFF_ALWAYS: setting("bool", false, "ANSIBLE_DIFF_ALWAYS", "diff.always", "As --diff."),
  DIFF_CONTEXT: setting(
    "int",
    3,
    "ANSIBLE_DIFF_CONTEXT",
    "diff.context",
    "Lines around a difference.",
  ),
  DISPLAY_ARGS_TO_STDOUT: setting(
    "bool",
    false,
    "ANSIBLE_DISPLAY_ARGS_TO_STDOUT",
    "defaults.display_args_to_stdout",
    "Show arguments in the headers of tasks.",
  ),
  DISPLAY_FAILED_STDERR: setting(
    "bool",
    false,
    "ANSIBLE_DISPLAY_FAILED_STDERR",
    "defaults.display_failed_stderr",
    "Failures go to standard error.",
  ),
  DISPLAY_OK_HOSTS: setting(
    "bool",
    true,
    "ANSIBLE_DISPLAY_OK_HOSTS",
    "defaults.display_ok_hosts",
    "Show results that changed nothing.",
  ),
  DISPLAY_SKIPPED_HOSTS: setting(
    "bool",
    true,
    "ANSIBLE_DISPLAY_SKIPPED_HOSTS",
    "defaults.display_skipped_hosts",
    "Show skipped tasks.",
  ),
  DUPLICATE_YAML_DICT_KEY: setting(
    "string",
    "warn",
    "ANSIBLE_DUPLICATE_YAML_DICT_KEY",
    "defaults.duplicate_dict_key",
    "What a key that is there twice is: warn, error or ignore.",
  ),
  ERROR_ON_MISSING_HANDLER: setting(
    "bool",
    true,
    "ANSIBLE_ERROR_ON_MISSING_HANDLER",
    "defaults.error_on_missing_handler",
    "Notifying a handler that is not there is an error.",
  ),
  FORCE_COLOR: setting(
    "bool",
    false,
    "ANSIBLE_FORCE_COLOR",
    "defaults.force_color",
    "Colours even without a terminal.",
  ),
  FORCE_HANDLERS: setting(
    "bool",
    false,
    "ANSIBLE_FORCE_HANDLERS",
    "defaults.force_handlers",
    "Run notified handlers even on failed hosts.",
  ),
  HOST_KEY_CHECKING: setting(
    "bool",
    true,
    "ANSIBLE_HOST_KEY_CHECKING",
    "defaults.host_key_checking",
    "Refuse unknown host keys.",
  ),
  HOST_PATTERN_MISMATCH: setting(
    "string",
    "warning",
    "ANSIBLE_HOST_PATTERN_MISMATCH",
    "inventory.host_pattern_mismatch",
    "What a pattern without a host is: warning, error or ignore.",
  ),
  INJECT_FACTS_AS_VARS: setting(
    "bool",
    true,
    "ANSIBLE_INJECT_FACT_VARS",
    "defaults.inject_facts_as_vars",
    "Facts are variables of their own too.",
  ),
  INVENTORY_IGNORE_EXTS: setting(
    "list",
    [".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry"],
    "ANSIBLE_INVENTORY_IGNORE",
    "inventory.ignore_extensions defaults.inventory_ignore_extensions",
    "Files of an inventory folder that are left out.",
  ),
  INVENTORY_UNPARSED_IS_FAILED: setting(
    "bool",
    false,
    "ANSIBLE_INVENTORY_UNPARSED_FAILED",
    "inventory.unparsed_is_failed",
    "An inventory that cannot be read at all is an error.",
  ),
  INVENTORY_ANY_UNPARSED_IS_FAILED: setting(
    "bool",
    false,
    "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED",
    "inventory.any_unparsed_is_failed",
    "A source that cannot be read is an error.",
  ),
  LOCALHOST_WARNING: setting(
    "bool",
    true,
    "ANSIBLE_LOCALHOST_WARNING",
    "defaults.localhost_warning",
    "Say that only localhost is available.",
  ),
  NOCOLOR: setting("bool", false, "ANSIBLE_NOCOLOR NO_COLOR", "defaults.nocolor", "No colours."),
  RETRY_FILES_ENABLED: setting(
    "bool",
    false,
    "ANSIBLE_RETRY_FILES_ENABLED",
    "defaults.retry_files_enabled",
    "Write the failed hosts to a file.",
  ),
  RETRY_FILES_SAVE_PATH: setting(
    "path",
    undefined,
    "ANSIBLE_RETRY_FILES_SAVE_PATH",
    "defaults.retry_files_save_path",
    "Folder of retry files.",
  ),
  SHOW_CUSTOM_STATS: setting(
    "bool",
    false,
    "ANSIBLE_SHOW_CUSTOM_STATS",
    "defaults.show_custom_stats",
    "Show what set_stats collected.",
  ),
  SYSTEM_WARNINGS: setting(
    "bool",
    true,
    "ANSIBLE_SYSTEM_WARNINGS",
    "defaults.system_warnings",
    "Say what may be wrong with the system.",
  ),
  TAGS_RUN: setting("list", [], "ANSIBLE_RUN_TAGS", "tags.run", "As --tags."),
  TAGS_SKIP: setting("list", [], "ANSIBLE_SKIP_TAGS", "tags.skip", "As --skip-tags."),
  TASK_TIMEOUT: setting(
    "int",
    0,
    "ANSIBLE_TASK_TIMEOUT",
    "defaults.task_timeout",
    "Seconds that a task may take; 0 is no limit.",
  ),
} as const satisfies Readonly<Record<string, SettingSpec>>;

export type SettingName = keyof typeof SETTINGS;
