/** Copying into a container: one file of 100 MB, and a directory of 10,000 small files. */

import { randomBytes } from "node:crypto";
import { mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BASE_WITH_PYTHON } from "./images.mjs";
import { compare, run as sh, time } from "./measure.mjs";

const bin = fileURLToPath(new URL("../dist/layerbook.js", import.meta.url));
const CONTAINER = "layerbook-bench-copy";
/** Ansible needs seconds a file here: it copies so many, and the time is taken as often as fits. */
const FEW = 20;
const MANY = 10_000;

function makeFiles(folder, count) {
  for (let n = 0; n < count; n++) {
    const part = join(folder, `part${n % 100}`);
    mkdirSync(part, { recursive: true });
    writeFileSync(join(part, `file${n}`), `${n}\n`.repeat(1 + (n % 50)));
  }
}

function playbook(scratch, name, src) {
  const path = join(scratch, `${name}.yml`);
  const task = `copy: { src: "${src}", dest: /srv/${name} }`;
  writeFileSync(path, `- hosts: all\n  gather_facts: false\n  tasks:\n    - ${task}\n`);
  return path;
}

export async function run(scratch) {
  const big = join(scratch, "big");
  const file = openSync(big, "w");
  for (let n = 0; n < 100; n++) writeSync(file, randomBytes(1_000_000));
  makeFiles(join(scratch, "many"), MANY);
  makeFiles(join(scratch, "few"), FEW);
  const target = ["-i", `${CONTAINER},`, "-c", "community.docker.docker"];
  const env = { ANSIBLE_PYTHON_INTERPRETER: "/usr/bin/python3", NO_COLOR: "1" };
  const fresh = async () => {
    await sh(["docker", "rm", "-f", CONTAINER], { anyExit: true });
    await sh(["docker", "run", "-d", "--name", CONTAINER, BASE_WITH_PYTHON, "sleep", "3600"]);
  };
  const layerbook = (book) => () => time(["node", bin, "play", ...target, book], { env });
  const ansible = (book, factor) => async () =>
    factor * (await time(["ansible-playbook", ...target, book], { env }));
  try {
    const one = playbook(scratch, "one", big);
    await compare(
      "One file of 100 MB into a container",
      [
        { name: "layerbook", prepare: fresh, run: layerbook(one) },
        { name: "ansible-playbook", prepare: fresh, run: ansible(one, 1) },
      ],
      3,
    );
    const many = playbook(scratch, "many", `${join(scratch, "many")}/`);
    const few = playbook(scratch, "few", `${join(scratch, "few")}/`);
    await compare(
      `A directory of ${MANY} small files into a container`,
      [
        { name: "layerbook", prepare: fresh, run: layerbook(many) },
        {
          name: `ansible-playbook (${FEW} files, times ${MANY / FEW})`,
          rounds: 1,
          prepare: fresh,
          run: ansible(few, MANY / FEW),
        },
      ],
      2,
    );
  } finally {
    await sh(["docker", "rm", "-f", CONTAINER], { anyExit: true });
  }
}
