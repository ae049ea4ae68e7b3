/** The reference workload on living hosts: a container, an SSH machine, twenty containers at once. */

import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BASE_WITH_PYTHON } from "./images.mjs";
import { compare, run as sh, time } from "./measure.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = join(root, "dist/layerbook.js");
const MANY = 20;
const PREFIX = "layerbook-bench-host";
const quiet = { NO_COLOR: "1", ANSIBLE_HOST_KEY_CHECKING: "False" };
const ansibleSettings = {
  ...quiet,
  ANSIBLE_PIPELINING: "true",
  ANSIBLE_PYTHON_INTERPRETER: "/usr/bin/python3",
};

export async function run(scratch) {
  const work = join(scratch, "hosts");
  cpSync(join(root, "examples/web"), work, { recursive: true });
  try {
    await container(work);
    await sshMachine(work);
    await twenty(work);
  } finally {
    for (let index = 0; index < MANY; index++) {
      await sh(["docker", "rm", "-f", `${PREFIX}-${index}`], { anyExit: true });
    }
  }
}

/** Fresh containers, so that every run has everything to do. */
async function fresh(count) {
  for (let index = 0; index < count; index++) {
    const name = `${PREFIX}-${index}`;
    await sh(["docker", "rm", "-f", name], { anyExit: true });
    await sh(["docker", "run", "-d", "--name", name, BASE_WITH_PYTHON, "sleep", "3600"]);
  }
}

async function container(work) {
  const args = ["-i", `${PREFIX}-0,`, "-c", "community.docker.docker_api", "play.yml"];
  await compare(
    "20 small tasks on a running container",
    [
      {
        name: "layerbook",
        prepare: () => fresh(1),
        run: () => time(["node", bin, "play", ...args], { cwd: work, env: quiet }),
      },
      {
        name: "ansible-playbook, pipelining, API",
        rounds: 2,
        prepare: () => fresh(1),
        run: () => time(["ansible-playbook", ...args], { cwd: work, env: ansibleSettings }),
      },
    ],
    5,
  );
}

async function sshMachine(work) {
  // Every part of the path must be root's alone, or sshd refuses the root directory.
  const home = mkdtempSync("/var/lib/layerbook-bench-");
  const machine = join(home, "root");
  let daemon;
  try {
    await sh([
      "sh",
      "-c",
      `chmod 755 "$1"; mkdir -p "$2"; c=$(docker create "$3") && docker export "$c" | tar -C "$2" -x; docker rm "$c"
       for d in dev proc; do mount --bind /$d "$2/$d"; done; mkdir -p /run/sshd
       for k in key host; do ssh-keygen -q -t ed25519 -N '' -f "$1/$k"; done; chmod 600 "$1/key.pub"`,
      "sh",
      home,
      machine,
      BASE_WITH_PYTHON,
    ]);
    const port = await freePort();
    writeFileSync(
      join(home, "sshd_config"),
      [
        `Port ${port}`,
        "ListenAddress 127.0.0.1",
        `HostKey ${home}/host`,
        `AuthorizedKeysFile ${home}/key.pub`,
        `ChrootDirectory ${machine}`,
        "PermitRootLogin yes",
        "StrictModes no",
        "PidFile none",
        "Subsystem sftp internal-sftp",
        "",
      ].join("\n"),
    );
    daemon = spawn("/usr/sbin/sshd", ["-D", "-f", join(home, "sshd_config")], { stdio: "ignore" });
    const inventory = join(work, "ssh-machine");
    writeFileSync(
      inventory,
      `machine ansible_host=127.0.0.1 ansible_port=${port} ansible_user=root ansible_ssh_private_key_file=${home}/key ansible_ssh_common_args='-o UserKnownHostsFile=/dev/null -o ConnectionAttempts=20'\n`,
    );
    const forget = () =>
      sh(["rm", "-rf", join(machine, "srv")]).then(() => mkdirSync(join(machine, "srv")));
    const args = ["-i", inventory, "play.yml"];
    await compare(
      "20 small tasks over SSH",
      [
        {
          name: "layerbook",
          prepare: forget,
          run: () => time(["node", bin, "play", ...args], { cwd: work, env: quiet }),
        },
        {
          name: "ansible-playbook, pipelining, shared",
          rounds: 2,
          prepare: forget,
          run: () => time(["ansible-playbook", ...args], { cwd: work, env: ansibleSettings }),
        },
      ],
      5,
    );
  } finally {
    daemon?.kill();
    await sh(["sh", "-c", 'for d in dev proc; do umount -l "$1/$d"; done', "sh", machine], {
      anyExit: true,
    });
    rmSync(home, { recursive: true, force: true });
  }
}

async function twenty(work) {
  await fresh(MANY);
  const hosts = Array.from({ length: MANY }, (_, index) => `${PREFIX}-${index},`).join("");
  const said = await sh(
    ["time", "-f", "measured %e %U %S", "node", bin].concat([
      "play",
      "-f",
      String(MANY),
      "-i",
      hosts,
      "-c",
      "docker",
      "play.yml",
    ]),
    { cwd: work, env: quiet },
  );
  const [, wall, user, system] = /measured (\S+) (\S+) (\S+)/.exec(said).map(Number);
  const own = user + system;
  console.log(`\n20 small tasks on ${MANY} containers at once`);
  console.log(
    `  layerbook ${wall.toFixed(2)} s, of which its own processor time is ${own.toFixed(2)} s: ${(own / wall).toFixed(2)} of one core`,
  );
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
