/** Playbooks without an image: reading and listing a large tree of roles; many hosts. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compare, time } from "./measure.mjs";

const bin = fileURLToPath(new URL("../dist/layerbook.js", import.meta.url));
const env = {
  ANSIBLE_LOCALHOST_WARNING: "False",
  ANSIBLE_NOCOLOR: "1",
  ANSIBLE_PYTHON_INTERPRETER: "/usr/bin/python3",
};

/** 100 roles of 20 tasks in blocks, with handlers, defaults, and a dependency each. */
function writeTree(folder) {
  const roles = Array.from({ length: 100 }, (_, number) => `role${number}`);
  for (const [number, role] of roles.entries()) {
    const write = (path, text) => {
      const file = join(folder, "roles", role, path);
      mkdirSync(join(file, ".."), { recursive: true });
      writeFileSync(file, text);
    };
    const task = (n) => `    - name: task ${n} of {{ inventory_hostname }}
      template: {src: t${n}.j2, dest: "/srv/${role}/{{ item }}", mode: "0644"}
      loop: "{{ ${role}_items }}"
      when: ${role}_enabled and item != 'x${n}'
      notify: restart ${role}
      tags: [t${n}]
`;
    const blocks = Array.from(
      { length: 4 },
      (_, block) =>
        `- block:\n${Array.from({ length: 5 }, (_, n) => task(block * 5 + n)).join("")}  when: true\n`,
    );
    write("tasks/main.yml", blocks.join(""));
    write("handlers/main.yml", `- name: restart ${role}\n  debug: msg=restarted\n`);
    write("defaults/main.yml", `${role}_enabled: true\n${role}_items: [a, b, c]\n`);
    if (number % 10 === 0) write("meta/main.yml", "dependencies: []\n");
  }
  writeFileSync(
    join(folder, "tree.yml"),
    `- hosts: localhost\n  gather_facts: false\n  roles:\n${roles.map((role) => `    - ${role}\n`).join("")}`,
  );
}

export async function run(scratch) {
  const folder = join(scratch, "playbooks");
  mkdirSync(folder);
  writeTree(folder);
  const hosts = Array.from({ length: 1000 }, (_, n) => `h${n} ansible_connection=local v=${n}\n`);
  writeFileSync(join(folder, "hosts"), `[many]\n${hosts.join("")}`);
  writeFileSync(
    join(folder, "many.yml"),
    "- hosts: many\n  gather_facts: false\n  tasks:\n    - debug: msg='{{ inventory_hostname }} {{ v }}'\n",
  );
  const options = { cwd: folder, env };
  const contest = (title, argv, rounds) =>
    compare(
      title,
      [
        { name: "layerbook", run: () => time(["node", bin, "play", ...argv], options) },
        {
          name: "ansible-playbook",
          rounds: 1,
          run: () => time(["ansible-playbook", ...argv], options),
        },
      ],
      rounds,
    );
  await contest("2,000 tasks in 100 roles: read and list", ["tree.yml", "--list-tasks"], 5);
  await contest("1,000 hosts, one local debug task", ["-i", "hosts", "many.yml"], 3);
}
