import { describe, expect, it } from "vitest";
import { play } from "./play.ts";

/** What the engine makes of conditions, keywords, errors and variables. */
describe("results", () => {
  it("say which condition a skipped task was skipped for", async () => {
    const played = await play(`
- hosts: testhost
  gather_facts: false
  tasks:
    - {name: literal, debug: {msg: no}, when: false}
    - {name: second, debug: {msg: no}, when: [true, "1 == 2"]}
`);
    expect(played.result("literal").false_condition).toBe(false);
    expect(played.result("second").false_condition).toBe("1 == 2");
  });

  it("list everything that is wrong with a role's arguments", async () => {
    const played = await play(
      `
- hosts: testhost
  gather_facts: false
  tasks:
    - block:
        - include_role: {name: port}
          vars: {number: many, also: x}
      rescue:
        - {name: said, debug: {msg: "{{ ansible_failed_result.argument_errors }}"}}
`,
      {
        files: {
          "roles/port/tasks/main.yml": "[]",
          "roles/port/meta/argument_specs.yml": `
argument_specs:
  main:
    options:
      number: {type: int}
      name: {required: true}
      also: {choices: [y, z]}
`,
        },
      },
    );
    expect(played.result("said").msg).toEqual([
      "missing required arguments: name",
      expect.stringMatching(/^argument 'number' is of type/),
      "value of also must be one of: y, z, got: x",
    ]);
  });

  it("count an include once for each file or role that it brings", async () => {
    const played = await play(
      `
- hosts: testhost
  gather_facts: false
  tasks:
    - {include_tasks: more.yml, loop: [1, 2, 3], when: item != 2}
    - include_role: name=quiet
`,
      { files: { "more.yml": "- meta: noop", "roles/quiet/tasks/main.yml": "[]" } },
    );
    expect(played.stats.get("testhost")).toMatchObject({ ok: 3, failed: 0 });
  });
});

describe("keywords", () => {
  it("take what stands further out when they are omitted", async () => {
    const played = await play(`
- hosts: testhost
  gather_facts: false
  ignore_errors: true
  vars: {unset: "{{ omit }}"}
  tasks:
    - {name: inherits, fail: , ignore_errors: "{{ omit }}"}
    - block:
        - {name: through, fail: , ignore_errors: "{{ unset }}"}
      ignore_errors: "{{ omit }}"
`);
    expect(played.exitCode).toBe(0);
    expect(played.stats.get("testhost")).toMatchObject({ ignored: 2 });
  });

  it("let hosts that failed be part of later plays after clear_host_errors", async () => {
    const played = await play(
      `
- hosts: all
  gather_facts: false
  tasks:
    - {fail: , when: inventory_hostname == 'b'}
    - meta: clear_host_errors
- hosts: all
  gather_facts: false
  tasks:
    - {name: both, debug: {msg: "{{ ansible_play_hosts }}"}}
`,
      { files: { hosts: "a ansible_connection=local\nb ansible_connection=local\n" } },
    );
    expect(played.result("both").msg).toEqual(["a", "b"]);
  });
});

describe("variables", () => {
  it("are merged from all places with hash_behaviour=merge", async () => {
    const files = {
      "group_vars/all.yml": "conf: {a: 1, deep: {x: 1}}",
      "roles/r/defaults/main.yml": "conf: {d: default, a: default}",
      "roles/r/tasks/main.yml": `- {name: show, debug: {msg: "{{ conf }}"}}`,
    };
    const site = `
- hosts: testhost
  gather_facts: false
  vars: {conf: {deep: {y: 2}}}
  roles: [r]
`;
    const env = { ANSIBLE_HASH_BEHAVIOUR: "merge" };
    const extraVars = ['{"conf": {"e": 5}}'];
    const merged = await play(site, { files, env, extraVars });
    expect(merged.result("show").msg).toEqual({ d: "default", a: 1, deep: { x: 1, y: 2 }, e: 5 });
    expect((await play(site, { files, extraVars })).result("show").msg).toEqual({ e: 5 });
  });

  it("name a play's roles and the roles that those need apart", async () => {
    const played = await play(
      `
- hosts: testhost
  gather_facts: false
  roles: [top]
  tasks:
    - {name: show, debug: {msg: "{{ [role_names, ansible_dependent_role_names, ansible_role_names | sort] }}"}}
`,
      {
        files: {
          "roles/top/meta/main.yml": "dependencies: [base]",
          "roles/base/tasks/main.yml": "[]",
        },
      },
    );
    expect(played.result("show").msg).toEqual([["top"], ["base"], ["base", "top"]]);
  });

  it("that came from outside are shown and refused as conditions, not evaluated", async () => {
    const played = await play(`
- hosts: testhost
  gather_facts: false
  vars: {outside: !unsafe "1 == 1 or '{{'"}
  tasks:
    - {name: shown, debug: {var: "{{ outside }}"}}
    - {name: asserted, assert: {that: "{{ outside }}"}, ignore_errors: true}
    - {name: stats, set_stats: {data: [1]}, ignore_errors: true}
`);
    expect(played.result("shown")["1 == 1 or '{{'"]).toBe("1 == 1 or '{{'");
    expect(played.result("asserted").msg).toContain("marked as unsafe, and cannot be evaluated");
    expect(played.result("stats").msg).toBe("The 'data' option needs to be a dictionary/hash");
  });
});

describe("facts that are set", () => {
  it("stay what they were written as", async () => {
    const played = await play(`
- hosts: testhost
  gather_facts: false
  tasks:
    - set_fact:
        numbers: {1: one}
        raw: !unsafe "{{ nope }}"
        later: "{% raw %}{{ word }}{% endraw %}"
        word_on: "yes"
    - {name: show, debug: {msg: "{{ [numbers[1], raw, later, word_on] }}"}, vars: {word: rendered}}
`);
    expect(played.result("show").msg).toEqual(["one", "{{ nope }}", "rendered", true]);
  });
});

describe("an implicit localhost", () => {
  it("has the variables of all hosts and an interpreter, but no place in the inventory", async () => {
    const played = await play(
      `
- hosts: localhost
  gather_facts: false
  tasks:
    - name: show
      debug: {msg: "{{ [x, ansible_python_interpreter, inventory_dir is defined, group_names] }}"}
`,
      { files: { hosts: "a\n[all:vars]\nx=1\n" } },
    );
    expect(played.result("show").msg).toEqual([1, "/usr/bin/python3", false, []]);
  });
});

describe("inventories", () => {
  it("of several sources merge dicts with hash_behaviour=merge", async () => {
    const files = {
      "one.yml": "all: {hosts: {h: {d: {a: 1, b: 1}}}, vars: {g: {a: 1}}}",
      "two.yml": "all: {hosts: {h: {d: {a: 2}}}, vars: {g: {b: 2}}}",
    };
    const site = `
- hosts: localhost
  gather_facts: false
  tasks:
    - {name: show, debug: {msg: "{{ [hostvars.h.d, g] }}"}}
`;
    const inventory = ["one.yml", "two.yml"];
    const env = { ANSIBLE_HASH_BEHAVIOUR: "merge" };
    const merged = await play(site, { files, inventory, env });
    expect(merged.result("show").msg).toEqual([
      { a: 2, b: 1 },
      { a: 1, b: 2 },
    ]);
    const replaced = await play(site, { files, inventory });
    expect(replaced.result("show").msg).toEqual([{ a: 2 }, { b: 2 }]);
  });
});

describe("hostvars", () => {
  it("hold what the host knows, not what the play says, and can be taken as a whole", async () => {
    const played = await play(`
- hosts: testhost
  gather_facts: false
  vars: {of_play: yes, all: "{{ hostvars[inventory_hostname] }}", through: "{{ all.fact }}"}
  tasks:
    - set_fact: {fact: 7, later: "{% raw %}{{ of_play }}{% endraw %}"}
    - {name: one, debug: {msg: "{{ [through, all.later, all.of_play is defined] }}"}}
    - {name: whole, debug: {var: hostvars.testhost}}
`);
    expect(played.result("one").msg).toEqual(["7", "{{ of_play }}", false]);
    expect(played.result("whole")["hostvars.testhost"]).toMatchObject({
      fact: 7,
      ansible_forks: 5,
    });
  });
});

describe("roles", () => {
  it("of which every task was skipped run when they are asked for again", async () => {
    const played = await play(
      `
- hosts: testhost
  gather_facts: false
  roles:
    - {role: later, when: known is defined}
    - define
    - {role: later, when: known is defined}
    - {role: later, when: known is defined}
`,
      {
        files: {
          "roles/later/tasks/main.yml": "- {name: ran, debug: {msg: x}}",
          "roles/define/tasks/main.yml": "- set_fact: {known: true}",
        },
      },
    );
    expect(played.tasks.get("ran")?.map((said) => said.status)).toEqual(["skipped", "ok"]);
  });

  it("let what they depend on go before what brought them in", async () => {
    const show = `- {name: show, debug: {msg: "{{ which }}"}}`;
    const played = await play("- {hosts: testhost, gather_facts: false, roles: [outer]}", {
      files: {
        "roles/outer/meta/main.yml": "dependencies: [inner]",
        "roles/outer/vars/main.yml": "which: outer",
        "roles/inner/meta/main.yml": "dependencies: [base]",
        "roles/inner/tasks/main.yml": show,
        "roles/base/vars/main.yml": "which: base",
      },
    });
    expect(played.result("show").msg).toBe("base");
  });
});

describe("any_errors_fatal", () => {
  const hosts = "a ansible_connection=local\nb ansible_connection=local\n";
  const play_ = (block: string) => `
- hosts: all
  gather_facts: false
  any_errors_fatal: true
  tasks:
    - block:
        - {fail: , when: inventory_hostname == 'a'}
        - {name: inside, debug: }
      ${block}
    - {name: after, debug: }
`;
  it("takes all hosts into the rescue of the one that failed", async () => {
    const played = await play(play_("rescue: [{name: rescued, debug: }]"), { files: { hosts } });
    expect(played.tasks.has("inside")).toBe(false);
    expect(played.tasks.get("rescued")).toHaveLength(2);
    expect(played.tasks.get("after")).toHaveLength(2);
    expect(played.exitCode).toBe(0);
  });
  it("ends after the always of all hosts where nothing rescues", async () => {
    const played = await play(play_("always: [{name: last, debug: }]"), { files: { hosts } });
    expect(played.tasks.get("last")).toHaveLength(2);
    expect(played.tasks.has("after")).toBe(false);
    expect(played.exitCode).toBe(2);
  });
});

describe("handlers", () => {
  it("hear topics with their role's name before it, and the hosts that an always clears", async () => {
    const played = await play(
      `
- hosts: testhost
  gather_facts: false
  roles: [r]
  tasks:
    - {debug: , changed_when: true, notify: "r : topic"}
    - meta: flush_handlers
    - block: [{fail: }]
      always: [{meta: clear_host_errors}]
    - {name: goes on, debug: }
`,
      { files: { "roles/r/handlers/main.yml": "- {name: heard, debug: , listen: topic}" } },
    );
    expect(played.tasks.has("heard")).toBe(true);
    expect(played.tasks.has("goes on")).toBe(true);
  });
  it("cannot flush handlers", async () => {
    const site = "- {hosts: testhost, handlers: [{meta: flush_handlers}], tasks: [{debug: }]}";
    await expect(play(site)).rejects.toThrow("flush_handlers cannot be used as a handler");
  });
  it("cannot be roles, and arguments cannot be Layerbook's own", async () => {
    const site = (task: string) => `
- hosts: testhost
  gather_facts: false
  handlers: [{name: h, include_role: {name: x}}]
  tasks: [${task}]
`;
    await expect(play(site("{debug: }"))).rejects.toThrow(
      "Using 'include_role' as a handler is not supported.",
    );
    await expect(play("- {hosts: testhost, tasks: [{set_fact: {_ansible_x: 1}}]}")).rejects.toThrow(
      "'_ansible_' is reserved for internal use only",
    );
  });
});

describe("variables given to roles", () => {
  it("see the variables given where they are named rather than their own", async () => {
    const played = await play(
      `
- hosts: testhost
  gather_facts: false
  vars: {both: play}
  roles: [{role: outer, vars: {both: given, outer_both: given}}]
  tasks:
    - {name: after, debug: {msg: "{{ both }} {{ outer_both }}"}}
`,
      {
        files: {
          "roles/outer/vars/main.yml": "{both: outer, outer_both: outer}",
          "roles/outer/tasks/main.yml": `
- {name: outer, debug: {msg: "{{ both }} {{ outer_both }}"}}
- include_role: {name: inner}
`,
          "roles/inner/vars/main.yml": "{both: inner}",
          "roles/inner/tasks/main.yml":
            '- {name: inner, debug: {msg: "{{ both }} {{ outer_both }}"}}',
        },
      },
    );
    expect(played.result("outer").msg).toBe("given given");
    // Further in, what the role outside has of its own counts more than what was given to it.
    expect(played.result("inner").msg).toBe("inner outer");
    expect(played.result("after").msg).toBe("outer outer");
  });
});

describe("blocks of handlers", () => {
  it("stand in a block, but not in a block within one", async () => {
    const site = (handlers: string) => `
- hosts: testhost
  gather_facts: false
  tasks:
    - {name: notifies, command: "true", notify: told}
  handlers:
    - block: [${handlers}]
`;
    const told = "{name: told, debug: {msg: yes}}";
    const played = await play(site(told));
    expect(played.order).toEqual(["notifies", "told"]);
    await expect(play(site(`{block: [${told}]}`))).rejects.toThrow(
      "Using a block as a handler is not supported.",
    );
  });
});

describe("roles that come in more than once", () => {
  const role = {
    "roles/r/handlers/main.yml": `
- {name: told, debug: {msg: yes}}
- {name: heard, debug: {msg: yes}, listen: topic}
`,
    "roles/r/tasks/main.yml": '- {command: "true", notify: [told, topic]}',
  };

  it("run a handler once in a flush", async () => {
    const site = `
- hosts: testhost
  gather_facts: false
  tasks:
    - include_role: {name: r}
    - include_role: {name: r}
    - meta: flush_handlers
    - include_role: {name: r}
`;
    const { tasks } = await play(site, { files: role });
    expect(tasks.get("told")).toHaveLength(2);
    expect(tasks.get("heard")).toHaveLength(2);
  });
});

describe("variables of roles", () => {
  const site = `
- hosts: testhost
  gather_facts: false
  tasks:
    - import_role: {name: imported}
    - import_role: {name: kept, public: false}
    - include_role: {name: included}
    - include_role: {name: shown, public: true}
    - name: seen
      debug: {msg: "{{ ['imported', 'kept', 'included', 'shown'] | select('in', vars) }}"}
`;
  const files = Object.fromEntries(
    ["imported", "kept", "included", "shown"].map((name) => [
      `roles/${name}/vars/main.yml`,
      `${name}: 1`,
    ]),
  );

  it.each([
    ["", ["imported", "shown"]],
    ["true", ["shown"]],
    ["false", ["imported", "included", "shown"]],
  ])("reach the play as public and the setting say: %o", async (isPrivate, seen) => {
    const env: Record<string, string> = isPrivate ? { ANSIBLE_PRIVATE_ROLE_VARS: isPrivate } : {};
    const played = await play(site, { files, env });
    expect(played.result("seen").msg).toEqual(seen);
  });
});

describe("meta: end_role", () => {
  it("is refused outside of a role and in handlers", async () => {
    const meta = "{name: ends, meta: end_role}";
    const head = "- {hosts: testhost, gather_facts: false, tasks: ";
    const told = '[{command: "true", notify: ends}]';
    await expect(play(`${head}[${meta}]}`)).rejects.toThrow(
      "Cannot execute 'end_role' from outside of a role",
    );
    await expect(play(`${head}${told}, handlers: [${meta}]}`)).rejects.toThrow(
      "Cannot execute 'end_role' from a handler",
    );
  });
});

describe("throttle", () => {
  it.each(["linear", "free", "host_pinned"])("bounds the hosts at a task with %s", async (name) => {
    const played = await play(
      `
- hosts: all
  gather_facts: false
  strategy: ${name}
  tasks:
    - name: one by one
      shell: touch {{ inventory_hostname }}; ls m? | wc -l; sleep 0.1; rm {{ inventory_hostname }}
      args: {chdir: "{{ playbook_dir }}"}
      throttle: 1
`,
      { files: { many: "m[1:4] ansible_connection=local\n" }, inventory: ["many"] },
    );
    const said = played.tasks.get("one by one") ?? [];
    expect(said.map(({ result }) => result.stdout)).toEqual(["1", "1", "1", "1"]);
  });
});
