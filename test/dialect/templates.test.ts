import { describe, expect, it } from "vitest";
import { play } from "./play.ts";

/** Templates in playbooks: names of facts, files, plugins that do not exist. */
describe("templates in playbooks", () => {
  it("takes templated names of facts", async () => {
    const played = await play(`
- hosts: testhost
  gather_facts: false
  tasks:
    - set_fact: {"{{ item }}_port": "{{ item | length }}"}
      loop: [web, cache]
    - name: show
      debug: {msg: "{{ web_port }} {{ cache_port }}"}
`);
    expect(played.result("show").msg).toBe("3 5");
  });

  it("finds the first of files that are given as options only", async () => {
    const played = await play(
      `
- hosts: testhost
  gather_facts: false
  tasks:
    - name: show
      debug: {msg: "{{ lookup('first_found', files=['none', 'b.conf'], paths=['none', 'sub']) | basename }}"}
`,
      { files: { "files/sub/b.conf": "" } },
    );
    expect(played.result("show").msg).toBe("b.conf");
  });

  it("says the kind of what is wrong with a template file, and its place", async () => {
    const played = await play(
      `
- hosts: testhost
  gather_facts: false
  tasks:
    - {name: undefined, template: {src: undefined.j2, dest: /dev/null}, ignore_errors: true}
    - {name: syntax, template: {src: syntax.j2, dest: /dev/null}, ignore_errors: true}
    - {name: test, template: {src: test.j2, dest: /dev/null}, ignore_errors: true}
    - {name: repeated, debug: {msg: "{{ [1] | join(d='', d='') }}"}, ignore_errors: true}
`,
      {
        files: {
          "undefined.j2": "\n{{ nope }}\n",
          "syntax.j2": "{% if %}",
          "test.j2": "{{ [1] | select('no such test') }}",
        },
      },
    );
    expect(played.result("undefined").msg).toMatch(
      /^AnsibleUndefinedVariable: 'nope' is undefined \(.*undefined\.j2:2:4\)$/,
    );
    expect(played.result("syntax").msg).toMatch(/^AnsibleError: template error while templating/);
    expect(played.result("test").msg).toMatch(
      /^TemplateSyntaxError: Could not load "no such test": 'invalid plugin name: ansible\.builtin\.no such test'/,
    );
    expect(played.result("repeated").msg).toContain("keyword argument repeated: d");
  });

  it("keeps the type of what a template lookup gives, when both options ask for it", async () => {
    const site = `
- hosts: testhost
  gather_facts: false
  tasks:
    - name: show
      debug: {msg: "{{ lookup('template', 'd.j2', jinja2_native=true) | type_debug }} {{ lookup('template', 'd.j2') | type_debug }}"}
`;
    const files = { "templates/d.j2": '{"a": 1}' };
    const env = { ANSIBLE_JINJA2_NATIVE: "true" };
    expect((await play(site, { files, env })).result("show").msg).toBe(
      "dict NativeJinjaUnsafeText",
    );
    expect((await play(site, { files })).result("show").msg).toBe("dict dict");
  });
});

describe("filters and tests", () => {
  it("tells items apart by equality where that is enough, and refuses the rest", async () => {
    const played = await play(`
- hosts: testhost
  gather_facts: false
  vars:
    rows: [{a: 1}, {a: 1}, {b: 2}]
  tasks:
    - {name: plain, debug: {msg: "{{ rows | unique }}"}}
    - {name: cased, debug: {msg: "{{ rows | unique(case_sensitive=False) }}"}, ignore_errors: true}
    - {name: uri, debug: {msg: "{{ ['a/path' is uri, 'a/path' is uri(['https']), 'https://x' is uri(['https'])] }}"}}
`);
    expect(played.result("plain").msg).toEqual([{ a: 1 }, { b: 2 }]);
    expect(played.result("cased").msg).toContain("unique filter failed and we cannot fall back");
    expect(played.result("uri").msg).toEqual([true, false, true]);
  });
});

describe("the lookup config", () => {
  it("tells settings, and what variables make of a connection's options", async () => {
    const played = await play(
      `
- hosts: testhost
  gather_facts: false
  vars: {ansible_ssh_user: lola}
  tasks:
    - {name: forks, debug: {msg: "{{ lookup('config', 'DEFAULT_FORKS', show_origin=true) }}"}}
    - {name: user, debug: {msg: "{{ q('config', 'remote_user', plugin_type='connection', plugin_name='ssh', show_origin=true) }}"}}
    - {name: cows, debug: {msg: "{{ lookup('config', 'ANSIBLE_COW_ACCEPTLIST') }}"}}
    - {name: sftp, debug: {msg: "{{ q('config', 'sftp_extra_args', 'scp_extra_args', plugin_type='connection', plugin_name='ssh', show_origin=true) }}"}}
    - {name: choice, debug: {msg: "{{ lookup('config', 'NO_SUCH', on_missing='tell') }}"}, ignore_errors: true}
    - {name: none, debug: {msg: "{{ lookup('config', 'NO_SUCH') }}"}, ignore_errors: true}
`,
      { env: { ANSIBLE_FORKS: "9", ANSIBLE_SFTP_EXTRA_ARGS: "-q" } },
    );
    expect(played.result("cows").msg).toContain("moose");
    expect(played.result("sftp").msg).toEqual([
      ["-q", "env: ANSIBLE_SFTP_EXTRA_ARGS"],
      ["", "default"],
    ]);
    expect(played.result("forks").msg).toEqual([9, "env: ANSIBLE_FORKS"]);
    expect(played.result("user").msg).toEqual([["lola", "var: ansible_ssh_user"]]);
    expect(played.result("choice").msg).toContain("valid values are: error, skip, warn");
    expect(played.result("none").msg).toContain("Unable to find setting NO_SUCH");
  });
});
