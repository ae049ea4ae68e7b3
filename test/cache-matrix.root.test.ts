/** The rows of the cache: an edit, the tasks that must run for it, the tasks that must be replayed. */

import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { secretOf, Vault } from "../src/variables/vault.ts";
import { build, plan, play, type Row, site } from "./cache-matrix.ts";
import { busyboxRoot, debianTar, files, must, scratch } from "./support.ts";

const folder = scratch();
let root: string;
let server: Server;
let served = "one";
beforeAll(async () => {
  root = busyboxRoot(folder.path);
  server = createServer((_request, response) => response.end(served));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
});
afterAll(() => {
  server.close();
  folder.remove();
});

const vault = new Vault([secretOf("open sesame")]);
const sealed = (text: string) =>
  `word: !vault |\n${vault.encrypt(text).trimEnd().replaceAll(/^/gm, "  ")}\n`;
const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`;

const COPY_A = "- {name: a, copy: {content: a, dest: /srv/a}}";
const COPY_C = "- {name: c, copy: {content: c, dest: /srv/c}}";
/** Sees the whole filesystem. */
const LOOK = "- {name: look, shell: 'cat /srv/* > /tmp/all; wc -c < /tmp/all'}";
const WORD = "- {name: b, copy: {content: '{{ word }}', dest: /srv/b}}";
const around = (...tasks: string[]) => site([COPY_A, ...tasks, COPY_C, LOOK]);

/** Each value comes from somewhere else; what uses it, and what sees that, must run. */
const VARIABLES: Row[] = [
  {
    edit: "a variable that one task uses",
    before: { "site.yml": around(WORD), "group_vars/all.yml": "word: one\n" },
    after: { "group_vars/all.yml": "word: two\n" },
    why: { b: 'argument content: "one" → "two"' },
    runs: ["b", "look"],
    hits: ["a", "c"],
  },
  {
    edit: "a variable used through another variable",
    before: {
      "site.yml": around(WORD),
      "group_vars/all.yml": "word: 'the {{ inner }}'\ninner: one\n",
    },
    after: { "group_vars/all.yml": "word: 'the {{ inner }}'\ninner: two\n" },
    runs: ["b", "look"],
    hits: ["a", "c"],
  },
  {
    edit: "a variable that changes and gives the same value",
    before: {
      "site.yml": around(WORD),
      "group_vars/all.yml": "word: '{{ inner | upper }}'\ninner: one\n",
    },
    after: { "group_vars/all.yml": "word: '{{ inner | upper }}'\ninner: ONE\n" },
    runs: [],
    hits: ["a", "b", "c", "look"],
  },
  {
    edit: "a variable in when",
    before: {
      "site.yml": around("- {name: b, copy: {content: b, dest: /srv/b}, when: wanted | bool}"),
      "group_vars/all.yml": "wanted: false\n",
    },
    after: { "group_vars/all.yml": "wanted: true\n" },
    why: { b: "it was skipped last time" },
    runs: ["b", "look"],
    hits: ["a", "c"],
  },
  {
    edit: "a condition that is true for another reason",
    before: {
      "site.yml": around("- {name: b, copy: {content: b, dest: /srv/b}, when: number > 1}"),
      "group_vars/all.yml": "number: 2\n",
    },
    after: { "group_vars/all.yml": "number: 3\n" },
    runs: [],
    hits: ["a", "b", "c", "look"],
  },
  {
    edit: "an item of a loop's variable",
    before: {
      "site.yml": around(
        "- {name: b, copy: {content: '{{ item }}', dest: '/srv/{{ item }}'}, loop: '{{ words }}'}",
      ),
      "group_vars/all.yml": "words: [one, two, three]\n",
    },
    after: { "group_vars/all.yml": "words: [one, TWO, three]\n" },
    runs: ["b (TWO)", "look"],
    hits: ["a", "b (one)", "b (three)", "c"],
  },
  {
    edit: "a variable in a template",
    before: {
      "site.yml": around("- {name: b, template: {src: b.j2, dest: /srv/b}}"),
      "templates/b.j2": "word {{ word }}\n",
      "group_vars/all.yml": "word: one\n",
    },
    after: { "group_vars/all.yml": "word: two\n" },
    why: { b: 'b.j2 is rendered differently: line 1: "word one" → "word two"' },
    runs: ["b", "look"],
    hits: ["a", "c"],
  },
  {
    edit: "a role's default that is overridden elsewhere",
    before: {
      "site.yml": site([COPY_A, "- {import_role: {name: r}}", LOOK]),
      "roles/r/defaults/main.yml": "word: one\n",
      "roles/r/tasks/main.yml": `${WORD}\n`,
      "group_vars/all.yml": "word: over\n",
    },
    after: { "roles/r/defaults/main.yml": "word: two\n" },
    runs: [],
    hits: ["a", "r : b", "look"],
  },
  {
    edit: "what overrides a role's default",
    before: {
      "site.yml": site([COPY_A, "- {import_role: {name: r}}", LOOK]),
      "roles/r/defaults/main.yml": "word: one\n",
      "roles/r/tasks/main.yml": `${WORD}\n`,
      "group_vars/all.yml": "word: over\n",
    },
    after: { "group_vars/all.yml": "word: two\n" },
    runs: ["r : b", "look"],
    hits: ["a"],
  },
  {
    edit: "a role's default that counts",
    before: {
      "site.yml": site([COPY_A, "- {import_role: {name: r}}", COPY_C]),
      "roles/r/defaults/main.yml": "word: one\n",
      "roles/r/tasks/main.yml": `${WORD}\n`,
    },
    after: { "roles/r/defaults/main.yml": "word: two\n" },
    runs: ["r : b"],
    hits: ["a", "c"],
  },
  {
    edit: "a variable of the command line",
    before: { "site.yml": around(WORD) },
    flags: ["-e", "word=one"],
    flagsAfter: ["-e", "word=two"],
    runs: ["b", "look"],
    hits: ["a", "c"],
  },
  {
    edit: "a variable of a vault",
    before: {
      "site.yml": around(WORD),
      "group_vars/all.yml": sealed("first secret"),
      pass: "open sesame\n",
    },
    after: { "group_vars/all.yml": sealed("second secret") },
    flags: ["--vault-password-file", "FOLDER/pass"],
    why: { b: "argument content has changed (hidden)" },
    runs: ["b", "look"],
    hits: ["a", "c"],
  },
  {
    edit: "a vault that is encrypted anew, with the same in it",
    before: {
      "site.yml": around(WORD),
      "group_vars/all.yml": sealed("first secret"),
      pass: "open sesame\n",
    },
    after: { "group_vars/all.yml": sealed("first secret") },
    flags: ["--vault-password-file", "FOLDER/pass"],
    runs: [],
    hits: ["a", "b", "c", "look"],
  },
  {
    edit: "a variable of an inventory",
    before: { "site.yml": around(WORD), hosts: "box word=one other=1\n" },
    after: { hosts: "box word=two other=1\n" },
    flags: ["-i", "FOLDER/hosts"],
    runs: ["b", "look"],
    hits: ["a", "c"],
  },
  {
    edit: "a variable of an inventory that nobody uses",
    before: { "site.yml": around(WORD), hosts: "box word=one other=1\n" },
    after: { hosts: "box word=one other=2\n" },
    flags: ["-i", "FOLDER/hosts"],
    runs: [],
    hits: ["a", "b", "c", "look"],
  },
];

const COPIED = {
  "site.yml": around("- {name: b, copy: {src: tree, dest: /srv/}}"),
  "files/tree/one": "1",
  "files/tree/two": "2",
};

const FILES: Row[] = [
  {
    edit: "a file that is copied",
    before: {
      "site.yml": around("- {name: b, copy: {src: one, dest: /srv/b}}"),
      "files/one": "1",
    },
    after: { "files/one": "2" },
    why: { b: "one has changed" },
    runs: ["b", "look"],
    hits: ["a", "c"],
  },
  {
    edit: "a file that is copied, written again as it was",
    before: {
      "site.yml": around("- {name: b, copy: {src: one, dest: /srv/b}}"),
      "files/one": "1",
    },
    after: { "files/one": "1" },
    runs: [],
    hits: ["a", "b", "c", "look"],
  },
  {
    edit: "a directory with one file added",
    before: COPIED,
    after: { "files/tree/three": "3" },
    why: { b: "tree has changed: +three" },
    runs: ["b", "look"],
    hits: ["a", "c"],
  },
  {
    edit: "a directory with one file removed",
    before: COPIED,
    after: (at) => rmSync(join(at, "files/tree/one")),
    runs: ["b", "look"],
    hits: ["a", "c"],
  },
  {
    edit: "a directory with one file renamed",
    before: COPIED,
    after: (at) => renameSync(join(at, "files/tree/one"), join(at, "files/tree/uno")),
    why: { b: "tree has changed: +uno, -one" },
    runs: ["b", "look"],
    hits: ["a", "c"],
  },
  {
    edit: "a directory with a file whose mode has changed",
    before: {
      ...COPIED,
      "site.yml": around("- {name: b, copy: {src: tree, dest: /srv/, mode: preserve}}"),
    },
    after: (at) => chmodSync(join(at, "files/tree/one"), 0o700),
    why: { b: "tree has changed: ~one" },
    runs: ["b", "look"],
    hits: ["a", "c"],
  },
  {
    edit: "a directory with a file that was only touched",
    before: COPIED,
    after: (at) => utimesSync(join(at, "files/tree/one"), 1, 1),
    runs: [],
    hits: ["a", "b", "c", "look"],
  },
  {
    edit: "a template edited to another result",
    before: {
      "site.yml": around("- {name: b, template: {src: b.j2, dest: /srv/b}}"),
      "templates/b.j2": "{{ 1 + 1 }}\n",
    },
    after: { "templates/b.j2": "{{ 1 + 2 }}\n" },
    runs: ["b", "look"],
    hits: ["a", "c"],
  },
  {
    edit: "a template edited to the same result",
    before: {
      "site.yml": around("- {name: b, template: {src: b.j2, dest: /srv/b}}"),
      "templates/b.j2": "{{ 1 + 1 }}\n",
    },
    after: { "templates/b.j2": "{# the sum #}{{ 4 - 2 }}\n" },
    runs: [],
    hits: ["a", "b", "c", "look"],
  },
  {
    edit: "a file that an edited file is made of: the editor runs, its neighbours do not",
    before: {
      "site.yml": site([
        '- {name: conf, copy: {content: "{{ word }}\\n", dest: /srv/conf}}',
        '- {name: other, copy: {content: "x\\n", dest: /srv/other}}',
        "- {name: line, lineinfile: {path: /srv/conf, line: added}}",
        "- {name: block, blockinfile: {path: /srv/other, block: added}}",
        "- {name: folder, file: {path: /srv/folder, state: directory, mode: '0700'}}",
        "- {name: gone, file: {path: /srv/nothing, state: absent}}",
        "- {name: below, file: {path: /srv, mode: '0755', recurse: true, state: directory}}",
      ]),
      "group_vars/all.yml": "word: one\n",
    },
    after: { "group_vars/all.yml": "word: two\n" },
    runs: ["conf", "line", "below"],
    hits: ["other", "block", "folder", "gone"],
  },
];

const RESULTS: Row[] = [
  {
    edit: "a registered value that is used three tasks later",
    before: {
      "site.yml": site([
        "- {name: ask, command: 'echo {{ word }}', register: said}",
        COPY_A,
        "- {name: noise, command: 'true'}",
        "- {name: use, copy: {content: '{{ said.stdout }}', dest: /srv/said}}",
        COPY_C,
      ]),
      "group_vars/all.yml": "word: one\n",
    },
    after: { "group_vars/all.yml": "word: two\n" },
    runs: ["ask", "use"],
    hits: ["a", "noise", "c"],
  },
  {
    edit: "a fact that is set",
    before: {
      "site.yml": site(["- {name: set, set_fact: {word: '{{ given }}'}}", COPY_A, WORD, COPY_C]),
      "group_vars/all.yml": "given: one\n",
    },
    after: { "group_vars/all.yml": "given: two\n" },
    runs: ["b"],
    hits: ["a", "c"],
  },
  {
    edit: "a handler that a replayed task notifies",
    before: {
      "site.yml": `${site([
        "- {name: a, copy: {content: a, dest: /srv/a}, notify: told}",
        COPY_C,
      ])}  handlers:\n    - {name: told, copy: {content: '{{ word }}', dest: /srv/told}}\n`,
      "group_vars/all.yml": "word: one\n",
    },
    after: { "group_vars/all.yml": "word: two\n" },
    runs: ["told"],
    hits: ["a", "c"],
  },
  {
    edit: "nothing, where a handler was notified",
    before: {
      "site.yml": `${site([
        "- {name: a, copy: {content: a, dest: /srv/a}, notify: told}",
      ])}  handlers:\n    - {name: told, command: touch /srv/told}\n`,
    },
    after: {},
    runs: [],
    hits: ["a", "told"],
  },
  {
    edit: "an item at the end of a loop",
    before: {
      "site.yml": site([
        "- {name: loop, command: 'touch /srv/{{ item }}', loop: '{{ words }}'}",
        "- {name: c, copy: {content: c, dest: /root/c}}",
      ]),
      "group_vars/all.yml": "words: [one, two]\n",
    },
    after: { "group_vars/all.yml": "words: [one, two, three]\n" },
    runs: ["loop (three)"],
    hits: ["loop (one)", "loop (two)", "c"],
  },
  {
    edit: "an item in the middle of a loop of commands: what comes after may see it",
    before: {
      "site.yml": site(["- {name: loop, command: 'touch /srv/{{ item }}', loop: '{{ words }}'}"]),
      "group_vars/all.yml": "words: [one, three]\n",
    },
    after: { "group_vars/all.yml": "words: [one, two, three]\n" },
    runs: ["loop (two)", "loop (three)"],
    hits: ["loop (one)"],
  },
  {
    edit: "an item in the middle of a loop that touches only its own file",
    before: {
      "site.yml": site([
        "- {name: loop, copy: {content: x, dest: '/srv/{{ item }}'}, loop: '{{ words }}'}",
      ]),
      "group_vars/all.yml": "words: [one, three]\n",
    },
    after: { "group_vars/all.yml": "words: [one, two, three]\n" },
    runs: ["loop (two)"],
    hits: ["loop (one)", "loop (three)"],
  },
  {
    edit: "a task of a block",
    before: {
      "site.yml": site([COPY_A, `- block:\n    ${WORD}\n    ${COPY_C}`]),
      "group_vars/all.yml": "word: one\n",
    },
    after: { "group_vars/all.yml": "word: two\n" },
    runs: ["b"],
    hits: ["a", "c"],
  },
  {
    edit: "the variable that names the tasks to include",
    before: {
      "site.yml": site([COPY_A, "- {name: which, include_tasks: '{{ which }}.yml'}", COPY_C]),
      "one.yml": "- {name: one, copy: {content: 1, dest: /srv/one}}\n",
      "two.yml": "- {name: two, copy: {content: 2, dest: /srv/two}}\n",
      "group_vars/all.yml": "which: one\n",
    },
    after: { "group_vars/all.yml": "which: two\n" },
    runs: ["two"],
    hits: ["a", "c"],
  },
  {
    edit: "nothing, where facts of the image are used",
    before: {
      "site.yml": site([
        "- {name: facts, setup: {gather_subset: [min]}}",
        "- {name: b, copy: {content: '{{ ansible_os_family }}', dest: /srv/b}}",
      ]),
    },
    after: {},
    runs: [],
    hits: ["facts", "b"],
  },
  {
    edit: "the moment, where a fact of the moment is used",
    before: {
      "site.yml": site([
        "- {name: facts, setup: {gather_subset: [date_time]}}",
        "- {name: b, copy: {content: '{{ ansible_date_time.epoch }}', dest: /srv/b}}",
        COPY_C,
      ]),
    },
    after: async () => {
      await new Promise((done) => setTimeout(done, 1100));
    },
    runs: ["b"],
    hits: ["facts", "c"],
    unrepeatable: true,
  },
  {
    edit: "what the controller says",
    before: {
      "site.yml": site([
        COPY_A,
        "- {name: here, command: 'cat {{ playbook_dir }}/said', delegate_to: localhost, register: said}",
        "- {name: b, copy: {content: '{{ said.stdout }}', dest: /srv/b}}",
        COPY_C,
      ]),
      said: "one",
    },
    after: { said: "two" },
    // A plan does not ask the controller, and takes what it said last time.
    unplanned: ["b"],
    runs: ["here", "b"],
    hits: ["a", "c"],
  },
  {
    edit: "nothing, where the controller is asked",
    before: {
      "site.yml": site([
        COPY_A,
        "- {name: here, command: 'cat {{ playbook_dir }}/said', delegate_to: localhost, register: said}",
        "- {name: b, copy: {content: '{{ said.stdout }}', dest: /srv/b}}",
      ]),
      said: "one",
    },
    after: {},
    runs: ["here"],
    hits: ["a", "b"],
  },
  {
    edit: "become_user",
    before: {
      "site.yml": site([
        COPY_A,
        "- {name: who, command: id -un, become: true, become_method: su, become_user: '{{ who }}'}",
        COPY_C,
      ]),
      "group_vars/all.yml": "who: nobody\n",
    },
    after: { "group_vars/all.yml": "who: root\n" },
    why: { who: "become: nobody by su → none" },
    runs: ["who"],
    hits: ["a", "c"],
  },
  {
    edit: "environment",
    before: {
      "site.yml": site([
        COPY_A,
        "- {name: env, shell: 'echo $WORD > /srv/env', environment: {WORD: '{{ word }}'}}",
        COPY_C,
      ]),
      "group_vars/all.yml": "word: one\n",
    },
    after: { "group_vars/all.yml": "word: two\n" },
    why: { env: 'environment variable WORD: "one" → "two"' },
    runs: ["env"],
    hits: ["a", "c"],
  },
];

const ORDER: Row[] = [
  {
    edit: "a task inserted",
    before: { "site.yml": site([COPY_A, LOOK]) },
    after: { "site.yml": site([COPY_A, COPY_C, LOOK]) },
    why: { c: "the task is not part of the last build" },
    runs: ["c", "look"],
    hits: ["a"],
  },
  {
    edit: "a task removed",
    before: { "site.yml": site([COPY_A, COPY_C, "- {name: z, command: touch /srv/z}"]) },
    after: { "site.yml": site([COPY_C, "- {name: z, command: touch /srv/z}"]) },
    runs: ["z"],
    hits: ["c"],
  },
  {
    edit: "tasks in another order that have nothing to do with each other",
    before: { "site.yml": site([COPY_A, COPY_C]) },
    after: { "site.yml": site([COPY_C, COPY_A]) },
    runs: [],
    hits: ["c", "a"],
  },
  {
    edit: "tasks in another order that may see each other",
    before: {
      "site.yml": site([
        "- {name: x, shell: ls /srv > /srv/x}",
        "- {name: y, shell: ls /srv > /srv/y}",
      ]),
    },
    after: {
      "site.yml": site([
        "- {name: y, shell: ls /srv > /srv/y}",
        "- {name: x, shell: ls /srv > /srv/x}",
      ]),
    },
    runs: ["y", "x"],
    hits: [],
  },
  {
    edit: "a task that is only renamed",
    before: { "site.yml": site([COPY_A, "- {name: old, command: touch /srv/x}", LOOK]) },
    after: { "site.yml": site([COPY_A, "- {name: new, command: touch /srv/x}", LOOK]) },
    runs: [],
    hits: ["a", "new", "look"],
  },
  {
    edit: "tags and comments",
    before: { "site.yml": site([COPY_A, LOOK]) },
    after: {
      "site.yml": site(["# first", COPY_A.replace("a, copy", "a, tags: [x], copy"), LOOK]),
    },
    runs: [],
    hits: ["a", "look"],
  },
  {
    edit: "a task that changes nothing inserted before others",
    before: { "site.yml": site([COPY_A, LOOK]) },
    after: { "site.yml": site(["- {name: noop, command: 'true'}", COPY_A, LOOK]) },
    runs: ["noop"],
    hits: ["a", "look"],
  },
  {
    edit: "an early task that runs again and leaves the same",
    before: {
      "site.yml": site([
        "- {name: make, shell: 'echo same > /srv/same # {{ word }}'}",
        COPY_A,
        LOOK,
      ]),
      "group_vars/all.yml": "word: one\n",
    },
    after: { "group_vars/all.yml": "word: two\n" },
    runs: ["make"],
    hits: ["a", "look"],
  },
];

const FAILURES: Row[] = [
  {
    edit: "an ignored failure: it is not kept, what comes after it is",
    before: {
      "site.yml": site([
        COPY_A,
        "- {name: try, shell: 'echo x > /srv/x; exit 1', ignore_errors: true}",
        LOOK,
      ]),
    },
    after: {},
    why: { try: "it failed last time, and failures are not kept" },
    runs: ["try"],
    hits: ["a", "look"],
  },
  {
    edit: "a rescued failure",
    before: {
      "site.yml": site([
        COPY_A,
        `- block:\n    - {name: try, command: 'false'}\n  rescue:\n    ${COPY_C}`,
        LOOK,
      ]),
    },
    after: {},
    runs: ["try"],
    hits: ["a", "c", "look"],
  },
  {
    edit: "nothing, where a task is no_log",
    before: {
      "site.yml": site([
        "- {name: pw, command: 'echo {{ word }}', no_log: true, register: pw}",
        "- {name: b, copy: {content: '{{ pw.stdout }}', dest: /srv/b}, no_log: true}",
      ]),
      "group_vars/all.yml": "word: hunter2\n",
    },
    after: {},
    runs: [],
    hits: ["pw", "b"],
  },
  {
    edit: "the value of a task that is no_log",
    before: {
      "site.yml": site([
        "- {name: pw, copy: {content: '{{ word }}', dest: /srv/pw}, no_log: true}",
        COPY_A,
      ]),
      "group_vars/all.yml": "word: hunter2\n",
    },
    after: { "group_vars/all.yml": "word: hunter3\n" },
    why: { pw: "argument content has changed (hidden)" },
    runs: ["pw"],
    hits: ["a"],
  },
  {
    edit: "nothing, where a task left a process running",
    before: {
      "site.yml": site([
        COPY_A,
        "- {name: start, shell: 'sleep 300 >/dev/null 2>&1 & echo $! > /srv/pid'}",
        "- {name: use, shell: 'kill -0 $(cat /srv/pid) && echo alive > /srv/alive'}",
        "- {name: stop, shell: 'kill $(cat /srv/pid); rm /srv/pid'}",
        LOOK,
      ]),
    },
    after: {},
    runs: [],
    hits: ["a", "start", "use", "stop", "look"],
    // Whether the process has ended by the time of a snapshot is for the kernel to say.
    unrepeatable: true,
  },
  {
    edit: "a task that needs a process which an earlier one left",
    before: {
      "site.yml": site([
        COPY_A,
        "- {name: start, shell: 'sleep 300 >/dev/null 2>&1 & echo $! > /srv/pid'}",
        "- {name: use, shell: 'kill -0 $(cat /srv/pid) && echo {{ word }} > /srv/alive'}",
        "- {name: stop, shell: 'kill $(cat /srv/pid); rm /srv/pid'}",
      ]),
      "group_vars/all.yml": "word: one\n",
    },
    after: { "group_vars/all.yml": "word: two\n" },
    // `start` is replayed, and run for real when `use` has to run beside it.
    runs: ["use", "stop"],
    hits: ["a", "start"],
  },
];

const SUM = (text: string) => must("sha256sum", [], text).slice(0, 64);

const TRUST: Row[] = [
  {
    edit: "--no-cache",
    before: { "site.yml": around() },
    flagsAfter: ["--no-cache"],
    why: { a: "--no-cache" },
    runs: ["a", "c", "look"],
    hits: [],
  },
  {
    edit: "--no-cache-from",
    before: { "site.yml": around() },
    flagsAfter: ["--no-cache-from", "c"],
    why: { c: "--no-cache-from 'c'" },
    runs: ["c", "look"],
    hits: ["a"],
  },
  {
    edit: "nothing, where a task is tagged never-cache",
    before: { "site.yml": around("- {name: never, command: 'true', tags: [never-cache]}") },
    after: {},
    why: { never: "it has the tag never-cache" },
    runs: ["never"],
    hits: ["a", "c", "look"],
  },
  {
    edit: "the way services are treated, where no task looks at it",
    before: { "site.yml": around() },
    flagsAfter: ["--services", "run"],
    runs: [],
    hits: ["a", "c", "look"],
  },
  {
    edit: "what a URL gives, whose checksum is not told: kept for its time to live",
    before: {
      "site.yml": site([
        "- {name: kept, get_url: {url: URL, dest: /srv/kept}, vars: {layerbook_cache_ttl: 7d}}",
        "- {name: asked, get_url: {url: URL, dest: /srv/asked}, vars: {layerbook_cache_ttl: 0s}}",
        COPY_C,
      ]),
    },
    after: () => {
      served = "two";
    },
    runs: ["asked"],
    hits: ["kept", "c"],
    unrepeatable: true,
  },
  {
    edit: "the checksum of what a URL gives",
    before: {
      "site.yml": site([
        `- {name: get, get_url: {url: URL, dest: /srv/get, checksum: 'sha256:${SUM("one")}'}}`,
        COPY_C,
      ]),
    },
    after: () => {
      served = "two";
    },
    flags: [],
    runs: [],
    hits: ["get", "c"],
    unrepeatable: true,
  },
];

function rows(title: string, list: readonly Row[]): void {
  describe(title, () => {
    for (const [index, row] of list.entries()) {
      it(row.edit, async () => {
        served = "one";
        const at = join(folder.path, `${title.replaceAll(/\W/g, "")}${index}`);
        const { first, planned, second, anew } = await play(row, at, `rootfs:${root}`, {
          URL: url(),
        });
        expect(first.error).toBeUndefined();
        expect(second.error).toBeUndefined();
        expect({ runs: second.runs, hits: second.hits }).toEqual({
          runs: row.runs,
          hits: row.hits,
        });
        expect(anew.image).toBe(second.image);
        // A plan promises nothing that the build does not keep; what it leaves open says so.
        for (const step of planned.rows) {
          const name = step.item === undefined ? step.title : `${step.title} (${step.item})`;
          if (row.unplanned?.includes(name)) continue;
          if (step.verdict === "hit") expect(second.hits).toContain(name);
          if (step.verdict === "run") expect(second.runs).toContain(name);
        }
        for (const [task, text] of Object.entries(row.why ?? {})) {
          expect(second.reasons.get(task)).toBe(text);
          const step = planned.rows.find((one) => one.title === task);
          expect(step?.reasons.map((reason) => reason.text).join("; ")).toBe(text);
        }
      });
    }
  });
}

rows("a value", VARIABLES);
rows("a file", FILES);
rows("what tasks say to each other", RESULTS);
rows("the order of tasks", ORDER);
rows("failures and secrets", FAILURES);
rows("trust", TRUST);

describe("other edits", () => {
  it("a failing task, mended: what came before it is there", async () => {
    const at = join(folder.path, "failing");
    files(at, { "site.yml": site([COPY_A, "- {name: b, command: 'false'}", COPY_C]) });
    const broken = await build(at, `rootfs:${root}`);
    expect(broken.error).toBeDefined();
    files(at, { "site.yml": site([COPY_A, "- {name: b, command: 'true'}", COPY_C]) });
    const mended = await build(at, `rootfs:${root}`);
    expect(mended).toMatchObject({ runs: ["b", "c"], hits: ["a"] });
  });
  it("the base image: changed, and another name for the same content", async () => {
    const at = join(folder.path, "base");
    files(at, { "site.yml": around() });
    const first = join(at, "one");
    cpSync(root, first, { recursive: true, verbatimSymlinks: true });
    await build(at, `rootfs:${first}`);
    const second = join(at, "two");
    must("cp", ["-a", first, second]);
    expect(await build(at, `rootfs:${second}`)).toMatchObject({
      runs: [],
      hits: ["a", "c", "look"],
    });
    writeFileSync(join(second, "etc/new"), "1");
    expect(await build(at, `rootfs:${second}`)).toMatchObject({
      runs: ["a", "c", "look"],
      hits: [],
    });
  });
  it("git, whose branch moved: kept for its time to live, asked when that is over", async () => {
    const at = join(folder.path, "git");
    const withGit = join(at, "root");
    mkdirSync(at);
    must("cp", ["-a", root, withGit]);
    installProgram(withGit, "git");
    const repository = join(at, "served/repo");
    must("git", ["init", "-q", "-b", "main", repository]);
    const commit = (text: string) => {
      writeFileSync(join(repository, "file"), text);
      const who = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
      must("git", ["-C", repository, "add", "file"]);
      must("git", ["-C", repository, ...who, "commit", "-q", "-m", text]);
    };
    commit("one");
    const daemon = await gitDaemon(join(at, "served"));
    try {
      const play = (ttl: string) =>
        site([
          `- {name: clone, git: {repo: 'git://127.0.0.1:${daemon.port}/repo', dest: /srv/repo, version: main}, vars: {layerbook_cache_ttl: ${ttl}}}`,
          COPY_C,
          "- {name: look, command: cat /srv/repo/file}",
        ]);
      files(at, { "site.yml": play("7d") });
      const base = `rootfs:${withGit}`;
      expect((await build(at, base)).error).toBeUndefined();
      commit("two");
      const planned = await plan(at, base);
      expect(planned.rows[0]).toMatchObject({ title: "clone", verdict: "hit" });
      expect(planned.rows[0]?.reasons[0]?.text).toMatch(/^what it asked for is \d+ s old/);
      expect(await build(at, base)).toMatchObject({ runs: [], hits: ["clone", "c", "look"] });
      files(at, { "site.yml": play("0s") });
      expect(await build(at, base)).toMatchObject({ runs: ["clone", "look"], hits: ["c"] });
    } finally {
      daemon.stop();
    }
  });
  it("is said of the second build of tasks after one that runs: what it left, or what is not known", async () => {
    const at = join(folder.path, "after");
    files(at, { "site.yml": around(WORD), "group_vars/all.yml": "word: one\n" });
    await build(at, `rootfs:${root}`);
    files(at, { "group_vars/all.yml": "word: two\n" });
    const planned = await plan(at, `rootfs:${root}`);
    expect(planned.rows.map(({ title, verdict }) => [title, verdict])).toEqual([
      ["a", "hit"],
      ["b", "run"],
      ["c", "hit"],
      ["look", "depends"],
    ]);
    expect(planned.rows[3]?.reasons[0]?.text).toContain("depends on what 'b' leaves");
    const second = await build(at, `rootfs:${root}`);
    expect(second.reasons.get("look")).toBe("what 'b' left is different");
  });
  it("keeps a vault's value off the disk, wherever a task has it from", async () => {
    const at = join(folder.path, "sealed");
    const tasks = [
      "- {name: rendered, template: {src: t.j2, dest: /srv/t}}",
      "- {name: env, command: 'true', environment: {WORD: '{{ word }}'}}",
      "- {name: said, command: 'echo {{ word }}'}",
    ];
    const vaulted = (text: string) => ({ "group_vars/all.yml": sealed(text) });
    files(at, { "site.yml": site(tasks), "templates/t.j2": "{{ word }}\n", pass: "open sesame\n" });
    files(at, vaulted("first secret"));
    const flags = ["--vault-password-file", join(at, "pass")];
    await build(at, `rootfs:${root}`, flags);
    files(at, vaulted("second secret"));
    const planned = await plan(at, `rootfs:${root}`, flags);
    expect(planned.rows.map((row) => row.reasons[0]?.text)).toEqual([
      "t.j2 is rendered differently",
      "environment variable WORD has changed (hidden)",
      "the command has changed (hidden)",
    ]);
    const second = await build(at, `rootfs:${root}`, flags);
    expect(second.runs).toEqual(["rendered", "env", "said"]);
    const kinds = ["steps", "builds", "inputs", "touched"].map((kind) => join(at, "store", kind));
    expect(
      must("sh", ["-c", 'grep -rlE "(first|second) secret" "$@" || true', "sh", ...kinds]),
    ).toBe("");
  });
  it("apt's lists: fresh for their time to live", async () => {
    const at = join(folder.path, "apt");
    const play = (ttl: string) =>
      site([
        "- {name: sources, shell: 'rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/*'}",
        `- {name: lists, apt: {update_cache: true}, vars: {layerbook_cache_ttl: ${ttl}}}`,
      ]);
    files(at, { "site.yml": play("7d") });
    const base = `rootfs:${debianTar()}`;
    expect((await build(at, base)).error).toBeUndefined();
    expect(await build(at, base)).toMatchObject({ runs: [], hits: ["sources", "lists"] });
    files(at, { "site.yml": play("0s") });
    expect(await build(at, base)).toMatchObject({ runs: ["lists"], hits: ["sources"] });
  });
});

/** Serves the repositories below a folder. */
async function gitDaemon(folder: string): Promise<{ port: number; stop: () => void }> {
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, "127.0.0.1", done));
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  const child = spawn(
    "git",
    [
      ...["-c", "safe.directory=*", "daemon", "--export-all", `--base-path=${folder}`],
      ...["--listen=127.0.0.1", `--port=${port}`, "--reuseaddr"],
    ],
    { stdio: "ignore" },
  );
  for (let tries = 0; tries < 100; tries++) {
    const { status } = spawnSync("git", ["ls-remote", `git://127.0.0.1:${port}/repo`]);
    if (status === 0) break;
    await new Promise((done) => setTimeout(done, 50));
  }
  return { port, stop: () => child.kill() };
}

/** Copies a program of this machine and the libraries that it needs. */
function installProgram(into: string, name: string): void {
  const path = must("which", [name]).trim();
  const libraries = [...must("ldd", [path]).matchAll(/(\/\S+) \(/g)].map((match) => match[1] ?? "");
  for (const file of [path, ...libraries]) {
    mkdirSync(join(into, file, ".."), { recursive: true });
    must("cp", ["-L", file, join(into, file)]);
  }
}
