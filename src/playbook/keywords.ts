/**
 * The keyword table: which keyword may stand where, what it holds and how it is inherited. The parser
 * refuses what is not in it; `docs/compatibility.md` is made from it.
 *
 * @see https://docs.ansible.com/ansible/latest/reference_appendices/playbooks_keywords.html
 */

/** Where a keyword can be written. Handlers are tasks that also know `listen`. */
export type Place = "play" | "role" | "block" | "task" | "handler";

export type KeywordType =
  | "any"
  | "bool"
  | "int"
  | "float"
  | "string"
  /** A list, or one element that stands for a list of one. */
  | "list"
  | "dict"
  /** Conditions: a string, a boolean, or a list of them. */
  | "condition"
  /** Tasks and blocks. */
  | "tasks";

/**
 * How a keyword of a play, role or block reaches the tasks within: `nearest` replaces, `extend` adds
 * up from the outside in, `none` stays where it is.
 */
export type Inheritance = "nearest" | "extend" | "none";

export interface Keyword {
  readonly type: KeywordType;
  readonly places: readonly Place[];
  readonly inheritance: Inheritance;
  readonly summary: string;
}

const EVERYWHERE: readonly Place[] = ["play", "role", "block", "task", "handler"];
const BELOW_PLAY: readonly Place[] = ["role", "block", "task", "handler"];
const TASKS: readonly Place[] = ["task", "handler"];

function everywhere(type: KeywordType, summary: string, inheritance: Inheritance = "nearest") {
  return { type, places: EVERYWHERE, inheritance, summary } satisfies Keyword;
}
function onPlay(type: KeywordType, summary: string) {
  return { type, places: ["play"], inheritance: "none", summary } satisfies Keyword;
}
function onTask(type: KeywordType, summary: string) {
  return { type, places: TASKS, inheritance: "none", summary } satisfies Keyword;
}
function onBlock(summary: string) {
  return { type: "tasks", places: ["block"], inheritance: "none", summary } satisfies Keyword;
}

export const KEYWORDS: Readonly<Record<string, Keyword>> = {
  action: onTask("any", "The module and its arguments in one."),
  always: onBlock("Tasks that run whatever became of the block."),
  any_errors_fatal: everywhere("bool", "A failure on one host ends the play for all."),
  args: onTask("any", "Further arguments of the module."),
  async: onTask("int", "Seconds that the task may run in the background."),
  become: everywhere("bool", "Run as another user."),
  become_exe: everywhere("string", "Program of the become method."),
  become_flags: everywhere("string", "Flags of the become method."),
  become_method: everywhere("string", "How to become another user."),
  become_user: everywhere("string", "The user to become."),
  block: onBlock("Tasks that belong together."),
  changed_when: onTask("condition", "Decides whether the task changed something."),
  check_mode: everywhere("bool", "Predict changes, make none."),
  collections: everywhere("list", "Collections in which short names are looked for."),
  connection: everywhere("string", "How the host is reached."),
  debugger: everywhere("string", "When to open the task debugger."),
  delay: onTask("float", "Seconds between tries."),
  delegate_facts: {
    type: "bool",
    places: BELOW_PLAY,
    inheritance: "nearest",
    summary: "Facts belong to the host that the task was delegated to.",
  },
  delegate_to: {
    type: "string",
    places: BELOW_PLAY,
    inheritance: "nearest",
    summary: "Run on another host.",
  },
  diff: everywhere("bool", "Show what changed in files."),
  environment: everywhere("any", "Environment variables of the task.", "extend"),
  fact_path: onPlay("string", "Where local facts are."),
  failed_when: onTask("condition", "Decides whether the task failed."),
  force_handlers: onPlay("bool", "Run notified handlers even on failed hosts."),
  gather_facts: onPlay("bool", "Gather facts before anything else."),
  gather_subset: onPlay("list", "Which facts to gather."),
  gather_timeout: onPlay("int", "Seconds that gathering facts may take."),
  handlers: onPlay("tasks", "Tasks that run when notified."),
  hosts: onPlay("list", "Hosts and groups of the play."),
  ignore_errors: everywhere("bool", "Go on after a failure."),
  ignore_unreachable: everywhere("bool", "Go on after a host could not be reached."),
  listen: {
    type: "list",
    places: ["handler"],
    inheritance: "none",
    summary: "Further names to be notified by.",
  },
  local_action: onTask("any", "As action, on the controller."),
  loop: onTask("any", "Repeat for each item of a list."),
  loop_control: onTask("dict", "Names and pace of a loop."),
  max_fail_percentage: onPlay("float", "Share of hosts that may fail."),
  module_defaults: everywhere("any", "Default arguments of modules.", "extend"),
  name: { type: "string", places: EVERYWHERE, inheritance: "none", summary: "What it is." },
  no_log: everywhere("bool", "Keep arguments and results out of all output."),
  notify: {
    type: "list",
    places: ["block", "task", "handler"],
    inheritance: "extend",
    summary: "Handlers to run when the task changed something.",
  },
  order: onPlay("string", "Order of the hosts."),
  poll: onTask("int", "Seconds between looks at an asynchronous task."),
  port: everywhere("int", "Port of the connection."),
  post_tasks: onPlay("tasks", "Tasks after all others."),
  pre_tasks: onPlay("tasks", "Tasks before the roles."),
  register: onTask("string", "Name of the variable that holds the result."),
  remote_user: everywhere("string", "User to log in as."),
  rescue: onBlock("Tasks that run when one of the block failed."),
  retries: onTask("int", "How often to try again."),
  roles: onPlay("any", "Roles of the play."),
  run_once: everywhere("bool", "Run on one host, for all of them."),
  serial: onPlay("list", "How many hosts at a time."),
  strategy: onPlay("string", "How hosts go through the tasks."),
  tags: everywhere("list", "Words by which tasks are chosen.", "extend"),
  tasks: onPlay("tasks", "The tasks of the play."),
  throttle: everywhere("int", "How many hosts may run the task at once."),
  timeout: everywhere("int", "Seconds that the task may take."),
  until: onTask("condition", "Try again until it holds."),
  vars: everywhere("any", "Variables.", "none"),
  vars_files: onPlay("list", "Files with variables."),
  vars_prompt: onPlay("list", "Variables to ask for."),
  when: {
    type: "condition",
    places: BELOW_PLAY,
    inheritance: "extend",
    summary: "Whether to run at all.",
  },
};

/** Other spellings that Ansible still reads. */
const ALIASES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  play: { user: "remote_user" },
};

/** The keyword's real name if it may stand there. `with_*` belongs to tasks. */
export function keywordAt(place: Place, name: string): string | undefined {
  const real = ALIASES[place]?.[name] ?? name;
  return Object.hasOwn(KEYWORDS, real) && KEYWORDS[real]?.places.includes(place) ? real : undefined;
}

export function keywordsOf(place: Place): string[] {
  return Object.keys(KEYWORDS).filter((name) => KEYWORDS[name]?.places.includes(place));
}
