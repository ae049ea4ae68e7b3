/** Makes up projects: playbooks of 5 to 30 tasks that read, write, register, decide and notify. */
import type { Json, ProjectModel, TaskModel } from "./project-model.ts";
import type { Random } from "./random.ts";

const VARIABLES = ["v0", "v1", "v2", "v3", "v4"];
const REGISTERS = ["r0", "r1", "r2", "r3"];
const FACTS = ["f0", "f1", "f2"];
const FILES = ["/srv/a", "/srv/b", "/srv/c", "/srv/e", "/srv/sub/x", "/srv/sub/y"];
const DIRECTORIES = ["/srv/d0", "/srv/d1", "/srv/d0/in"];
const LINKS = ["/srv/l0", "/srv/l1"];
const WORDS = ["red", "green", "blue", "a b", "x'y", 'q"q', "ünï", "1", "yes", "", "$HOME", "{#"];
const MODES = ["0644", "0600", "0755", "0640", "u+x", "g-r,o-r"];
const HANDLERS = ["tell", "note"];

export class ProjectMaker {
  readonly #r: Random;
  readonly #processes: boolean;
  #id = 0;
  #depth = 0;

  /** @param processes also tasks that leave processes running */
  constructor(random: Random, processes: boolean) {
    this.#r = random;
    this.#processes = processes;
  }

  project(): ProjectModel {
    const r = this.#r;
    const values = (names: readonly string[]) =>
      Object.fromEntries(names.map((name) => [name, this.value()]));
    const project: ProjectModel = {
      vars: values(VARIABLES.slice(0, 3)),
      extraVars: r.chance(0.2) ? { v3: this.word() } : {},
      roleDefaults: { ...values(["v3", "v4"]) },
      tasks: [],
      handlers: HANDLERS.map((name) => ({ ...this.simple(), name })),
      roleTasks: [],
      role: r.chance(0.4),
      gatherFacts: false,
      included: {},
      files: {
        "files/one.txt": this.text(),
        "files/two.txt": this.text(),
        "files/tree/p": this.text(),
        "files/tree/q/r": this.text(),
        "files/run.sh": `#!/bin/sh\necho script ${r.below(3)} "$@"; cat /srv/a 2>/dev/null; true\n`,
        "templates/t.j2": this.template(),
        "templates/u.j2": this.template(),
        "more-vars.yml": JSON.stringify({ v4: this.word() }),
      },
      modes: {},
      base: r.below(2),
    };
    for (let n = r.between(1, 3); n > 0; n--) project.roleTasks.push(this.task());
    for (const name of ["inc0.yml", "inc1.yml"]) {
      project.included[name] = Array.from({ length: r.between(1, 2) }, () => this.simple());
    }
    for (let n = r.between(4, 22); n > 0; n--) project.tasks.push(this.task());
    return project;
  }

  task(): TaskModel {
    const r = this.#r;
    if (this.#depth < 1 && r.chance(0.1)) return this.block();
    const task = this.simple();
    const { keywords } = task;
    if (r.chance(0.15)) keywords.when = this.condition();
    if (r.chance(0.15)) this.#loop(task);
    if (r.chance(0.35)) keywords.register = r.pick(REGISTERS);
    if (r.chance(0.1)) keywords.notify = r.pick(HANDLERS);
    if (r.chance(0.12)) keywords.ignore_errors = true;
    if (r.chance(0.04)) keywords.tags = ["never-cache"];
    if (r.chance(0.04)) keywords.no_log = true;
    if (r.chance(0.05)) keywords.changed_when = this.condition();
    if (r.chance(0.04)) keywords.failed_when = false;
    if (r.chance(0.06)) keywords.environment = { WORD: this.expression() };
    if (r.chance(0.06)) keywords.vars = { v2: this.expression() };
    if (r.chance(0.05)) {
      Object.assign(keywords, { become: true, become_user: "nobody", become_method: "su" });
      keywords.ignore_errors = true;
    }
    if (r.chance(0.03)) keywords.check_mode = true;
    return task;
  }

  /** A task without keywords that decide whether and how often it runs. */
  simple(): TaskModel {
    const r = this.#r;
    const makers: readonly (readonly [number, () => readonly [string, Json]])[] = [
      [
        5,
        () => ["copy", { content: `${this.expression()}\n`, dest: r.pick(FILES), ...this.#mode() }],
      ],
      [
        3,
        () => [
          "copy",
          { src: r.pick(["one.txt", "two.txt"]), dest: r.pick(FILES), ...this.#mode() },
        ],
      ],
      [1, () => ["copy", { src: r.pick(["tree", "tree/"]), dest: r.pick(DIRECTORIES) }]],
      [
        3,
        () => ["template", { src: r.pick(["t.j2", "u.j2"]), dest: r.pick(FILES), ...this.#mode() }],
      ],
      [
        3,
        () => [
          "lineinfile",
          { path: r.pick(FILES), line: this.expression(), create: r.chance(0.8) },
        ],
      ],
      [1, () => ["lineinfile", { path: r.pick(FILES), regexp: "^r", state: "absent" }]],
      [1, () => ["blockinfile", { path: r.pick(FILES), block: this.expression(), create: true }]],
      [1, () => ["replace", { path: r.pick(FILES), regexp: "e", replace: this.word() }]],
      [2, () => ["file", { path: r.pick(DIRECTORIES), state: "directory", ...this.#mode() }]],
      [2, () => ["file", { path: r.pick([...FILES, ...LINKS]), state: "absent" }]],
      [1, () => ["file", { path: r.pick(DIRECTORIES), state: "absent" }]],
      [1, () => ["file", { path: r.pick(FILES), state: "touch", ...this.#mode() }]],
      [1, () => ["file", { src: r.pick(FILES), dest: r.pick(LINKS), state: "link", force: true }]],
      [
        1,
        () => [
          "file",
          {
            path: r.pick(FILES),
            state: "file",
            ...this.#mode(),
            owner: r.pick(["root", "nobody"]),
          },
        ],
      ],
      [
        1,
        () => [
          "ini_file",
          {
            path: "/srv/c.ini",
            section: "s",
            option: r.pick(["k", "l"]),
            value: this.expression(),
          },
        ],
      ],
      [5, () => ["shell", { cmd: this.script() }]],
      [1, () => ["command", { cmd: "cat /srv/a", creates: r.pick(FILES) }]],
      [2, () => ["command", { argv: ["echo", this.expression()] }]],
      [1, () => ["script", `run.sh ${r.pick(["one", "two"])}`]],
      [2, () => ["stat", { path: r.pick(FILES) }]],
      [1, () => ["slurp", { src: r.pick(FILES) }]],
      [1, () => ["find", { paths: "/srv", recurse: r.chance(0.5), file_type: "any" }]],
      [3, () => ["set_fact", { [r.pick(FACTS)]: this.expression() }]],
      [2, () => ["debug", { msg: this.expression() }]],
      [1, () => ["assert", { that: ["v0 is defined"] }]],
      [1, () => ["meta", "flush_handlers"]],
      [
        2,
        () => [
          "include_tasks",
          r.pick(["inc0.yml", "inc1.yml", "inc{{ v0 | string | length % 2 }}.yml"]),
        ],
      ],
      [1, () => ["import_tasks", r.pick(["inc0.yml", "inc1.yml"])]],
      [1, () => ["include_role", { name: "r" }]],
      [1, () => ["include_vars", "more-vars.yml"]],
      [1, () => ["assemble", { src: "/srv/d0", dest: r.pick(FILES) }]],
      [1, () => ["fail", { msg: "no" }]],
      [1, () => ["raw", `echo raw ${r.below(2)}; cat /srv/b 2>/dev/null || true`]],
    ];
    let n = r.below(makers.reduce((sum, [weight]) => sum + weight, 0));
    const found = makers.find(([weight]) => {
      n -= weight;
      return n < 0;
    });
    const [module, args] = found?.[1]() ?? ["debug", { msg: "" }];
    const keywords: Record<string, Json> = {};
    if (module === "fail") keywords.when = `v0 == ${JSON.stringify(r.pick(WORDS.slice(0, 3)))}`;
    if (["slurp", "assemble"].includes(module)) keywords.ignore_errors = true;
    // A file may be a directory or not be there; most builds should come to their end.
    if (
      [
        "copy",
        "template",
        "lineinfile",
        "blockinfile",
        "replace",
        "file",
        "ini_file",
        "shell",
        "command",
      ].includes(module)
    ) {
      keywords.ignore_errors = true;
      if (r.chance(0.03)) delete keywords.ignore_errors;
    }
    if (r.chance(0.03) && module === "command") keywords.delegate_to = "localhost";
    const id = this.#id++;
    return { id, name: `t${id}`, action: { module, args }, keywords };
  }

  block(): TaskModel {
    const r = this.#r;
    this.#depth++;
    const tasks = () => Array.from({ length: r.between(1, 3) }, () => this.task());
    const id = this.#id++;
    const inside = tasks();
    if (r.chance(0.5)) {
      const broken = this.simple();
      broken.action = { module: r.pick(["fail", "command"]), args: r.chance(0.5) ? "false" : {} };
      if (broken.action.module === "fail") broken.action.args = { msg: "broken" };
      else broken.action.args = "cat /no/such";
      broken.keywords = {};
      inside.splice(r.below(inside.length + 1), 0, broken);
    }
    const task: TaskModel = {
      id,
      name: `block ${id}`,
      keywords: r.chance(0.2) ? { when: this.condition() } : {},
      block: {
        block: inside,
        rescue: tasks(),
        ...(r.chance(0.3) ? { always: tasks() } : {}),
      },
    };
    this.#depth--;
    return task;
  }

  /** Shell text whose work depends on nothing but the filesystem and its words. */
  script(): string {
    const r = this.#r;
    const variable = r.pick(VARIABLES);
    const file = r.pick(FILES);
    const scripts = [
      `echo ${r.pick(["one", "two", "three"])} > ${file}`,
      `printf '%s\\n' {{ v1 | string | quote }} >> ${file}`,
      `cat ${r.pick(FILES)} ${r.pick(FILES)} 2>/dev/null | sha256sum`,
      `find /srv | sort`,
      `find /srv -type f ! -name all | sort | xargs cat > /srv/all; rm -f /srv/e`,
      `echo "$WORD" > ${file}`,
      `id -un; umask; pwd`,
      `ls -ln /srv/sub | awk '{print $1, $3, $4, $NF}'`,
      `test -e ${file} && echo there || echo not`,
      `exit ${r.below(2)}`,
      `rm -rf /srv/d0; mkdir -p /srv/d0/in; echo ${r.below(2)} > /srv/d0/in/z`,
      `ln -f ${r.pick(FILES)} /srv/hard 2>/dev/null; true`,
      `chmod ${r.pick(["600", "644", "755"])} ${file}`,
      `mv ${r.pick(FILES)} ${r.pick(FILES)} 2>/dev/null; true`,
      `tr a-z b-za < ${file} > /srv/t 2>/dev/null; cat /srv/t > ${file}; rm /srv/t`,
    ];
    if (this.#processes && r.chance(0.15)) {
      return r.chance(0.5)
        ? `setsid sleep 300 >/dev/null 2>&1 & echo started >> ${file}`
        : "killall sleep 2>/dev/null; sleep 0.05; true";
    }
    return r.chance(0.1)
      ? `echo {{ ${variable} | default('') | string | quote }}`
      : r.pick(scripts);
  }

  template(): string {
    return `start {{ v${this.#r.below(5)} | default('') }}\n{% for n in range(${this.#r.below(3)}) %}\n{{ n }} {{ ${this.#r.pick(FACTS)} | default('-') }}\n{% endfor %}\n${this.text()}`;
  }

  condition(): string {
    const r = this.#r;
    return r.pick([
      `v0 == ${JSON.stringify(r.pick(WORDS.slice(0, 3)))}`,
      `v1 != ${JSON.stringify(r.pick(WORDS.slice(0, 3)))}`,
      `(${r.pick(REGISTERS)} | default({})).changed | default(false)`,
      `(${r.pick(REGISTERS)} | default({})) is not failed`,
      `${r.pick(FACTS)} is defined`,
      `(${r.pick(REGISTERS)} | default({})).stdout | default('') | length > 3`,
      "true",
      "false",
    ]);
  }

  /** Text with a template in it. */
  expression(): string {
    const r = this.#r;
    const register = r.pick(REGISTERS);
    return r.pick([
      this.word(),
      `{{ ${r.pick(VARIABLES)} | default('none') }}`,
      `{{ ${r.pick(FACTS)} | default('none') }}`,
      `{{ (${register} | default({})).stdout | default('none') }}`,
      `{{ (${register} | default({})).changed | default('none') }}`,
      `{{ (${register} | default({})).rc | default('none') }}`,
      `{{ ((${register} | default({})).stat | default({})).exists | default('none') }}`,
      `{{ ((${register} | default({})).results | default([])) | map(attribute='changed') | list }}`,
      `{{ ((${register} | default({})).results | default([])) | length }}`,
      `{{ (${register} | default({})).checksum | default('none') }}`,
      `{{ (${register} | default({})).attempts | default('none') }}`,
      `{{ lookup('file', 'files/one.txt') }}`,
      `{{ lookup('template', 'templates/t.j2') }}`,
      `{{ v0 }}-{{ v1 }}`,
      `{{ [v0, v1] | join(',') }}`,
    ]);
  }

  value(): Json {
    const r = this.#r;
    return r.pick<() => Json>([
      () => this.word(),
      () => r.below(3),
      () => r.chance(0.5),
      () => `{{ 'from-' ~ ${r.below(3)} }}`,
    ])();
  }

  word(): string {
    return this.#r.pick(WORDS.filter((word) => !/[$#{]/.test(word)));
  }

  text(): string {
    return Array.from({ length: this.#r.below(3) }, () => `${this.word()}\n`).join("");
  }

  items(): Json[] {
    return Array.from({ length: this.#r.between(1, 3) }, () => this.#r.pick(["i", "j", "k", "l"]));
  }

  #loop(task: TaskModel): void {
    if (!task.action || /meta|^(import|include)_|script|raw/.test(task.action.module)) return;
    task.keywords.loop = this.#r.chance(0.8) ? this.items() : `{{ [v0, 'z'] }}`;
    const { args } = task.action;
    if (typeof args === "object" && args !== null && !Array.isArray(args) && "dest" in args) {
      task.action.args = { ...args, dest: "/srv/sub/{{ item | hash('md5') }}" };
    } else if (task.action.module === "shell") {
      task.action.args = {
        cmd: `echo {{ item | string | quote }} >> ${this.#r.pick(FILES)}`,
      };
    }
  }

  #mode(): Record<string, Json> {
    return this.#r.chance(0.4) ? { mode: this.#r.pick(MODES) } : {};
  }
}
