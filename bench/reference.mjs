/** The reference workload, twenty small tasks: cold, everything cached, one file in the middle edited. */
import { appendFileSync, cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BASE, BASE_WITH_PYTHON } from "./images.mjs";
import { compare, run as sh, time } from "./measure.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = join(root, "dist/layerbook.js");

/** A newer client wants a plugin for BuildKit, which not every machine has; Debian's needs none. */
async function clientWithBuildKit(work) {
  for (const client of ["docker", "/usr/bin/docker"]) {
    try {
      await sh([client, "build", "-q", "."], { cwd: work, env: { DOCKER_BUILDKIT: "1" } });
      return client;
    } catch {
      // The next one.
    }
  }
  throw new Error(
    "No docker client here can build with BuildKit: install docker.io or docker-buildx.",
  );
}

export async function run(scratch) {
  const work = join(scratch, "web");
  cpSync(join(root, "examples/web"), work, { recursive: true });
  const dockerfile = readFileSync(join(root, "bench/web.Dockerfile"), "utf8");
  writeFileSync(join(work, "Dockerfile"), dockerfile.replace("@BASE@", BASE));
  const env = { LAYERBOOK_STORE: join(scratch, "store"), NO_COLOR: "1" };
  const layerbook = (...flags) =>
    time(
      [
        "node",
        bin,
        "build",
        "play.yml",
        "--from",
        `docker-daemon:${BASE}`,
        "-t",
        "layerbook-bench/out:1",
        ...flags,
      ],
      { cwd: work, env },
    );
  const docker = await clientWithBuildKit(work);
  const buildkit = (...flags) =>
    time([docker, "build", "-q", "-t", "layerbook-bench/kit:1", ...flags, "."], {
      cwd: work,
      env: { DOCKER_BUILDKIT: "1" },
    });
  const ansible = (settings) => async () => {
    const name = "layerbook-bench-ansible";
    await sh(["docker", "rm", "-f", name], { anyExit: true });
    const begun = process.hrtime.bigint();
    await sh(["docker", "run", "-d", "--name", name, BASE_WITH_PYTHON, "sleep", "3600"]);
    await sh(["ansible-playbook", "-i", `${name},`, "-c", "community.docker.docker", "play.yml"], {
      cwd: work,
      env: { ANSIBLE_PYTHON_INTERPRETER: "/usr/bin/python3", ...settings },
    });
    await sh(["docker", "commit", name, "layerbook-bench/ansible:1"]);
    const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
    await sh(["docker", "rm", "-f", name]);
    return seconds;
  };
  const forget = () => sh(["docker", "rmi", "-f", "layerbook-bench/out:1"], { anyExit: true });
  // Both have the base unpacked, as a machine that builds more than once has.
  await layerbook();
  await buildkit();
  await compare(
    "20 small tasks, from nothing, to an image in the daemon",
    [
      { name: "layerbook", prepare: forget, run: () => layerbook("--no-cache") },
      { name: "BuildKit", run: () => buildkit("--no-cache") },
      {
        name: "ansible-playbook",
        rounds: 2,
        run: ansible({ ANSIBLE_PIPELINING: "false" }),
      },
      {
        name: "ansible-playbook, pipelining",
        rounds: 2,
        run: ansible({ ANSIBLE_PIPELINING: "true" }),
      },
    ],
    5,
  );
  await compare(
    "the same, everything cached",
    [
      { name: "layerbook", run: () => layerbook() },
      { name: "BuildKit", run: () => buildkit() },
    ],
    9,
  );
  // Never the same twice: BuildKit remembers what earlier runs have built.
  const edit = (round) =>
    appendFileSync(join(work, "files/site/index.html"), `<!-- ${Date.now()} ${round} -->\n`);
  await compare(
    "the same, one file edited in the middle",
    [
      { name: "layerbook", prepare: edit, run: () => layerbook() },
      { name: "BuildKit", run: () => buildkit() },
    ],
    5,
  );
  for (const image of [
    "layerbook-bench/out:1",
    "layerbook-bench/kit:1",
    "layerbook-bench/ansible:1",
  ]) {
    await sh(["docker", "rmi", "-f", image], { anyExit: true });
  }
}
