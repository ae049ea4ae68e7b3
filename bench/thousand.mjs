/** A thousand tasks: cost of a task cold and cached, and memory. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BASE } from "./images.mjs";
import { run as sh, time } from "./measure.mjs";

const bin = fileURLToPath(new URL("../dist/layerbook.js", import.meta.url));

/** Every kind of small task in turn, each with an effect of its own. */
function tasks(count) {
  const kinds = [
    (n) => `copy: {content: "value {{ base + ${n} }}\\n", dest: /srv/many/file${n}}`,
    (n) => `lineinfile: {path: /srv/many/lines, create: true, line: "line ${n}"}`,
    (n) => `file: {path: /srv/many/dir${n}, state: directory, mode: "0750"}`,
    (n) => `command: test -d /srv/many\n  changed_when: false\n  register: r${n}`,
  ];
  return Array.from(
    { length: count },
    (_, n) => `- name: task ${n}\n  ${kinds[n % kinds.length](n)}\n`,
  ).join("");
}

export async function run(scratch) {
  console.log("\nA thousand tasks");
  const env = { LAYERBOOK_STORE: join(scratch, "store-thousand"), NO_COLOR: "1" };
  const measured = {};
  for (const count of [1, 1000]) {
    const work = join(scratch, `many${count}`);
    mkdirSync(work);
    writeFileSync(
      join(work, "tasks.yml"),
      `- file: {path: /srv/many, state: directory}\n${tasks(count)}`,
    );
    writeFileSync(
      join(work, "play.yml"),
      "- hosts: all\n  gather_facts: false\n  vars: {base: 1}\n  tasks: [{import_tasks: tasks.yml}]\n",
    );
    const build = [bin, "build", "play.yml", "--from", `docker-daemon:${BASE}`, "--to", "oci:out"];
    await time(["node", ...build, "--layers", "one"], { cwd: work, env });
    const report = join(work, "time");
    const cold = await time(
      ["/usr/bin/time", "-o", report, "-f", "%M", "node", ...build, "--no-cache"],
      { cwd: work, env },
    );
    const cached = [];
    for (let n = 0; n < 5; n++) cached.push(await time(["node", ...build], { cwd: work, env }));
    measured[count] = {
      cold,
      cached: cached.sort((a, b) => a - b)[2],
      memory: Number(readFileSync(report, "utf8")),
    };
  }
  const per = (name) => ((measured[1000][name] - measured[1][name]) / 999) * 1000;
  console.log(`  cold    ${measured[1000].cold.toFixed(2)} s, ${per("cold").toFixed(2)} ms a task`);
  console.log(
    `  cached  ${measured[1000].cached.toFixed(2)} s, ${per("cached").toFixed(3)} ms a task`,
  );
  console.log(`  memory  ${(measured[1000].memory / 1024).toFixed(0)} MB at most`);
  await sh(["rm", "-rf", env.LAYERBOOK_STORE]);
}
