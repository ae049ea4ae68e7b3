/** Actions that the engine handles itself, and which modules take free-form text. */

/** Kinds of include and import; everything else is a module or `meta`. */
export type IncludeKind =
  | "include_tasks"
  | "import_tasks"
  | "include"
  | "include_role"
  | "import_role";

const INCLUDES: readonly IncludeKind[] = [
  "include_tasks",
  "import_tasks",
  "include",
  "include_role",
  "import_role",
];

const RAW_MODULES: ReadonlySet<string> = new Set([
  "command",
  "shell",
  "script",
  "raw",
  "expect",
  "win_command",
  "win_shell",
  "include",
  "include_vars",
  "include_tasks",
  "include_role",
  "import_tasks",
  "import_role",
  "import_playbook",
  "add_host",
  "group_by",
  "set_fact",
  "meta",
]);

/** Modules whose free-form text may hold anything, `=` included. */
const COMMAND_MODULES: ReadonlySet<string> = new Set([
  "command",
  "shell",
  "script",
  "raw",
  "win_command",
  "win_shell",
]);

/** The short name of a builtin action: `ansible.builtin.meta` and `ansible.legacy.meta` are `meta`. */
export function builtinName(action: string): string | undefined {
  if (action.includes("{{")) return undefined;
  const match = /^(?:ansible\.(?:builtin|legacy)\.)?([^.]+)$/.exec(action);
  return match?.[1];
}

export function includeKind(action: string): IncludeKind | undefined {
  const name = builtinName(action);
  return INCLUDES.find((kind) => kind === name);
}

export function isMeta(action: string): boolean {
  return builtinName(action) === "meta";
}

/** Is it an action that no module file stands behind? */
export function isEngineAction(action: string): boolean {
  return isMeta(action) || includeKind(action) !== undefined;
}

export function takesFreeForm(action: string): boolean {
  const name = /^(?:ansible\.windows)\.([^.]+)$/.exec(action)?.[1] ?? builtinName(action);
  return name !== undefined && RAW_MODULES.has(name);
}

export function isCommandLike(action: string): boolean {
  const name = builtinName(action);
  return name !== undefined && COMMAND_MODULES.has(name);
}
