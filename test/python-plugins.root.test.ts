/**
 * Modules that are not Layerbook's own, and filters, tests and lookups written in Python: in a play on
 * this machine, and in a build of an image that has nothing but busybox.
 */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { busyboxRoot, files, layerbook, must, scratch } from "./support.ts";

const folder = scratch();
let root: string;

const MARK = `#!/usr/bin/python
from ansible.module_utils.basic import AnsibleModule
import os

def main():
    module = AnsibleModule(
        argument_spec=dict(path=dict(type="path", required=True), text=dict(default="x"), key=dict(no_log=True)),
        supports_check_mode=True,
    )
    path, text = module.params["path"], module.params["text"]
    before = open(path).read() if os.path.exists(path) else ""
    if before != text and not module.check_mode:
        with open(path, "w") as file:
            file.write(text)
    module.warn("said by the module")
    module.exit_json(changed=before != text, diff=dict(before=before, after=text), ratio=1.0,
                     word=os.environ.get("WORD"), args=sorted(k for k in module.params))

main()
`;

/** A module in Python, one for key=value, one for JSON, a program with bytes that no text has. */
const PROJECT = {
  "library/mark.py": MARK,
  "library/pairs.sh": `#!/bin/sh
. "$1"
echo 'noise before'
printf '{"changed": true, "msg": "%s", "number": %s}\\n' "$name" "$number"
`,
  "library/json.sh": `#!/bin/sh
# WANT_JSON
printf '{"changed": false, "given": %s}\\n' "$(cat "$1")"
`,
  "library/program": `#!/bin/sh\n#\u0001\nprintf '{"given": %s}' "$(cat "$1")"\n`,
  "library/broken.sh": "#!/bin/sh\necho oops >&2\nexit 3\n",
  "roles/own/library/role_mark.py": MARK,
  "roles/own/filter_plugins/own.py":
    "class FilterModule:\n    def filters(self):\n        return {'twice': lambda v: v * 2}\n",
  "roles/own/tasks/main.yml":
    "- role_mark: {path: '{{ place }}/role', text: \"{{ 'ab' | twice }}\"}\n",
  "filter_plugins/kinds.py": `
from jinja2 import pass_context
from ansible.errors import AnsibleFilterError

@pass_context
def of_context(context, value):
    return value + str(context.get("word"))

def refuse(value):
    raise AnsibleFilterError("refused: %s" % value)

def missing(value):
    return value["nothing"]

class FilterModule:
    def filters(self):
        return {"same": lambda v: v, "written": lambda v: repr(v), "of_context": of_context,
                "refuse": refuse, "big": lambda v: 2 ** 70, "fraction": lambda v: 1.0,
                "pair": lambda v: (v, 1), "bytes": lambda v: b"\\xc3\\xa4", "lines": lambda v: (c for c in v)}
`,
  "test_plugins/more.py":
    "class TestModule:\n    def tests(self):\n        return {'more_than': lambda v, n=0: v > n}\n",
  "lookup_plugins/told.py": `
from ansible.plugins.lookup import LookupBase

class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        return ["%s %s %s" % (t, variables["word"], self._templar.template("{{ word }}!")) for t in terms]
`,
};

beforeAll(() => {
  root = busyboxRoot(folder.path);
});
afterAll(() => folder.remove());

function project(name: string, tasks: string): string {
  const cwd = join(folder.path, name);
  files(cwd, {
    ...PROJECT,
    "site.yml": `- hosts: all\n  gather_facts: false\n  vars: {word: said, place: ${cwd}}\n  tasks:\n${tasks}`,
  });
  return cwd;
}

async function play(cwd: string, more: readonly string[] = []) {
  return layerbook(["play", "-i", "localhost,", "-c", "local", "site.yml", ...more], { cwd });
}

const show = (expression: string) => `    - debug: {msg: "{{ ${expression} }}"}\n`;

describe("modules on disk in a play", () => {
  it("runs modules in Python, in sh with key=value or JSON, and programs", async () => {
    const cwd = project(
      "styles",
      "    - {mark: {path: '{{ place }}/file', text: new}, environment: {WORD: env}, register: a}\n" +
        show("a.ratio ~ ' ' ~ a.word ~ ' ' ~ a.args | join('-') ~ ' ' ~ a.changed") +
        "    - {pairs: name='two words' number=7, register: b}\n" +
        show("b.msg ~ ' ' ~ (b.number + 1)") +
        "    - {json: {list: [1, 2.5, yes]}, register: c}\n" +
        show("c.given.list ~ c.given._ansible_module_name") +
        "    - {program: {word: hidden}, register: d}\n" +
        show("d.given.word") +
        "    - {broken: {}, ignore_errors: true, register: e}\n" +
        show("e.rc ~ ' ' ~ e.module_stderr ~ e.msg"),
    );
    const ran = await play(cwd);
    expect(ran.stdout).toContain("1.0 env key-path-text True");
    expect(ran.stdout).toContain('"msg": "two words 8"');
    expect(ran.stdout).toContain("[1, 2.5, True]json");
    expect(ran.stdout).toContain('"msg": "hidden"');
    expect(ran.stdout).toContain("3 oops\\nMODULE FAILURE\\nSee stdout/stderr for the exact error");
    expect(ran.stdout + ran.stderr).toContain("[WARNING]: said by the module");
    expect(ran.code).toBe(0);
  });
  it("passes check and diff mode on, and a second run changes nothing", async () => {
    const cwd = project(
      "modes",
      "    - {mark: {path: '{{ place }}/file', text: new}, diff: true, register: a}\n" +
        show("a.diff.before ~ '>' ~ a.diff.after"),
    );
    const checked = await play(cwd, ["--check"]);
    expect(checked.stdout).toContain('"msg": ">new"');
    expect(checked.stdout).toContain("changed=1");
    expect((await play(cwd)).stdout).toContain("changed=1");
    expect((await play(cwd)).stdout).toContain("changed=0");
  });
  it("refuses arguments in the module's own words, and names what is nowhere", async () => {
    const cwd = project("refused", "    - mark: {path: /x, wrong: 1}\n");
    expect((await play(cwd)).stdout).toContain(
      "Unsupported parameters for (mark) module: wrong. Supported parameters include: key, path, text.",
    );
    files(cwd, { "site.yml": "- hosts: all\n  tasks:\n    - some.where.module: {a: 1}\n" });
    const ran = await play(cwd);
    expect(ran.stdout + ran.stderr).toContain("the collection 'some.where' is not installed");
  });
  it("runs modules of roles and of installed collections, and action plugins", async () => {
    const cwd = project(
      "collections",
      "    - include_role: {name: own}\n" +
        "    - {community.general.filesize: {path: '{{ place }}/sized', size: 10k}, register: a}\n" +
        show("a.size_diff") +
        "    - {shouted: {text: hi}, register: b}\n" +
        show("b.said ~ b.stdout"),
    );
    files(cwd, {
      "action_plugins/shouted.py": `
from ansible.plugins.action import ActionBase

class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        out = self._execute_module(module_name="ansible.builtin.command",
                                   module_args={"_raw_params": "echo " + task_vars["word"]}, task_vars=task_vars)
        result.update(said=self._task.args["text"].upper(), stdout=out["stdout"], changed=True)
        return result
`,
    });
    const ran = await play(cwd);
    expect(ran.stdout).toContain('"msg": "10240"');
    expect(ran.stdout).toContain('"msg": "HIsaid"');
    expect(must("cat", [join(cwd, "role")])).toBe("abab");
  });
});

describe("template plugins in Python", () => {
  it("serves filters, tests and lookups with values of every kind", async () => {
    const cwd = project(
      "plugins",
      [
        "'a' | of_context",
        "'<' ~ ({'f': 1.5, 'l': [1, none, true], 's': 'ä'} | written) ~ '>'",
        "(0 | big) + 1",
        "0 | fraction",
        "('p' | pair) | type_debug",
        "'ab' | lines | list",
        "5 is more_than(4)",
        "lookup('told', 'x', 'y')",
        "q('told', 'z')",
        "(nowhere | default('d')) | same",
        "'pre' | community.general.hashids_encode if false else 'skipped'",
      ]
        .map(show)
        .join(""),
    );
    const { stdout, code } = await play(cwd);
    expect(code).toBe(0);
    const said = [...stdout.matchAll(/"msg": (.*)/g)].map((match) => match[1]);
    expect(said).toEqual([
      '"asaid"',
      `"<{'f': 1.5, 'l': [1, None, True], 's': 'ä'}>"`,
      '"1180591620717411303425"',
      '"1.0"',
      '"tuple"',
      "[",
      "true",
      '"x said said!,y said said!"',
      "[",
      '"d"',
      '"skipped"',
    ]);
  });
  it("shows a plugin's own error, and names a filter that is nowhere", async () => {
    const cwd = project("errors", show("'v' | refuse"));
    expect((await play(cwd)).stdout).toContain("refused: v");
    files(cwd, {
      "site.yml": `- hosts: all\n  gather_facts: false\n  tasks:\n${show("1 | shuot")}`,
    });
    expect((await play(cwd)).stdout).toContain("shuot");
  });
});

describe("modules on disk in an image build", () => {
  it("runs Python in an image without one, leaves no trace, and replays", async () => {
    const cwd = project(
      "image",
      "    - mark: {path: /srv/marked, text: \"{{ 'a' | of_context }}\"}\n" +
        "    - community.general.filesize: {path: /srv/sized, size: 2k}\n" +
        "    - pairs: name=n number=1\n",
    );
    const build = () =>
      layerbook(
        [
          "build",
          "site.yml",
          "--from",
          `rootfs:${root}`,
          "--to",
          "oci-archive:out.tar",
          "--host",
          "box",
        ],
        { cwd, env: { LAYERBOOK_STORE: join(folder.path, "store") } },
      );
    const first = await build();
    expect(first.stdout + first.stderr).toContain("3 run");
    must("sh", ["-c", `mkdir -p ${cwd}/image && tar xf ${cwd}/out.tar -C ${cwd}/image`]);
    const names = must("sh", [
      "-c",
      `for blob in ${cwd}/image/blobs/sha256/*; do tar tf $blob 2>/dev/null; done | grep -v '^bin/' | sort -u`,
    ]).split("\n");
    expect(names).toContain("srv/marked");
    expect(names).toContain("srv/sized");
    expect(names.filter((name) => /python|ansible|dev\/./.test(name))).toEqual([]);
    expect((await build()).stdout).toContain("3 cached");
    files(cwd, { "library/mark.py": `${MARK}# edited\n` });
    const third = await build();
    expect(third.stdout).toMatch(/[12] cached/);
    expect(third.stdout).toContain("mark");
  });
});

describe("inventory plugins in Python", () => {
  it("give hosts, groups and variables; those of unsupported kinds are named", async () => {
    const cwd = project(
      "inventory",
      show("inventory_hostname ~ ' ' ~ colour ~ ' ' ~ group_names | join"),
    );
    files(cwd, {
      "inventory_plugins/painted.py": `
DOCUMENTATION = """
name: painted
short_description: hosts with colours
options:
  plugin: {description: its name, required: true}
  names: {description: hosts, type: list, elements: str, required: true}
"""
from ansible.plugins.inventory import BaseInventoryPlugin

class InventoryModule(BaseInventoryPlugin):
    NAME = "painted"
    def verify_file(self, path):
        return path.endswith("painted.yml")
    def parse(self, inventory, loader, path, cache=True):
        super().parse(inventory, loader, path)
        self._read_config_data(path)
        inventory.add_group("painted")
        for name in self.get_option("names"):
            inventory.add_host(name, group="painted")
            inventory.set_variable(name, "colour", "red")
            inventory.set_variable(name, "ansible_connection", "local")
`,
      "hosts.painted.yml": "plugin: painted\nnames: [one, two]\n",
      "vars_plugins/more.py": "",
    });
    const ran = await layerbook(["play", "-i", "hosts.painted.yml", "site.yml"], { cwd });
    expect(ran.stdout).toContain('"msg": "one red painted"');
    expect(ran.stdout).toContain('"msg": "two red painted"');
    expect(ran.stdout + ran.stderr).toContain("the vars plugin 'more'");
  });
});
