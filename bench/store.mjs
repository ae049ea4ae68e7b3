/** The store: does it stay quick when it is full, what does a large `copy` cost, what does it add to its layers? */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BASE } from "./images.mjs";
import { median, run as sh, time } from "./measure.mjs";

const bin = fileURLToPath(new URL("../dist/layerbook.js", import.meta.url));
const STEPS = 10_000;

const bytesIn = (...paths) =>
  paths.reduce(
    (sum, path) =>
      sum + Number(execFileSync("du", ["-s", "-B1", path], { encoding: "utf8" }).split("\t")[0]),
    0,
  );

export async function run(scratch) {
  console.log("\nThe store");
  const work = join(scratch, "store-work");
  const store = join(scratch, "store-full");
  const env = { LAYERBOOK_STORE: store, NO_COLOR: "1" };
  mkdirSync(join(work, "files/large"), { recursive: true });
  const copies = Array.from(
    { length: 20 },
    (_, n) => `    - {name: t${n}, copy: {content: "${n}", dest: /srv/f${n}}}\n`,
  ).join("");
  writeFileSync(
    join(work, "small.yml"),
    `- hosts: all\n  gather_facts: false\n  tasks:\n${copies}`,
  );
  const build = (playbook, ...flags) =>
    time(
      [
        "node",
        bin,
        "build",
        playbook,
        "--from",
        `docker-daemon:${BASE}`,
        "--to",
        `oci:${work}/out`,
        ...flags,
      ],
      { cwd: work, env },
    );
  const cached = async (playbook) => {
    const times = [];
    for (let n = 0; n < 7; n++) times.push(await build(playbook));
    return median(times);
  };
  await build("small.yml");
  const few = await cached("small.yml");
  fill(store);
  const many = await cached("small.yml");
  console.log(`  cached build with 20 steps in the store     ${few.toFixed(3)} s`);
  console.log(
    `  the same with ${STEPS.toLocaleString("en")} steps in it          ${many.toFixed(3)} s`,
  );

  const chunk = randomBytes(1 << 19);
  for (let n = 0; n < 2000; n++) {
    const folder = join(work, "files/large", `d${n % 20}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `f${n}`), chunk);
  }
  writeFileSync(
    join(work, "large.yml"),
    "- hosts: all\n  gather_facts: false\n  tasks: [{copy: {src: large, dest: /srv}}]\n",
  );
  await build("large.yml", "--layers", "one");
  const large = await cached("large.yml");
  console.log(
    `  cached build that copies 1 GB (2,000 files) ${large.toFixed(3)} s, ${((large - many) * 1000).toFixed(0)} ms more than without`,
  );

  const fresh = join(scratch, "store-fresh");
  env.LAYERBOOK_STORE = fresh;
  await build("small.yml");
  const files = readdirSync(join(fresh, "layers")).map((id) => join(fresh, "layers", id, "fs"));
  const ratio = bytesIn(fresh) / bytesIn(...files);
  console.log(`  the store takes ${ratio.toFixed(3)} times the files of its layers`);
  await sh(["rm", "-rf", store, fresh, work]);
}

/** Further steps and layers, as other builds would have left them. */
function fill(store) {
  const records = readdirSync(join(store, "steps")).flatMap((prefix) =>
    readdirSync(join(store, "steps", prefix)).map((name) => join(prefix, name)),
  );
  const small = readdirSync(join(store, "layers")).filter((id) => id.length === 32);
  for (let n = 0; n < STEPS; n++) {
    const key = randomBytes(32).toString("hex");
    const folder = join(store, "steps", key.slice(0, 2));
    mkdirSync(folder, { recursive: true });
    copyFileSync(join(store, "steps", records[n % records.length]), join(folder, key.slice(2)));
    const from = join(store, "layers", small[n % small.length]);
    const to = join(store, "layers", randomBytes(16).toString("hex"));
    mkdirSync(join(to, "fs"), { recursive: true });
    for (const name of ["manifest", "meta.json", "boot"])
      copyFileSync(join(from, name), join(to, name));
  }
}
