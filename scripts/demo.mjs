/**
 * The main job on real input: a role that installs nginx becomes an image, three times (from nothing,
 * from the cache, with one file edited), and a container of the image serves its page.
 */
import { spawn, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = join(root, "dist/layerbook.js");
const image = "layerbook-example-nginx:1";
const scratch = mkdtempSync(join(tmpdir(), "layerbook-demo-"));
const project = join(scratch, "nginx");
const env = { ...process.env, LAYERBOOK_STORE: join(scratch, "store") };
const say = (text) => console.log(`\n\x1b[1m== ${text}\x1b[0m`);

function layerbook(...args) {
  const begun = process.hrtime.bigint();
  const { status } = spawnSync(process.execPath, [bin, ...args], {
    cwd: project,
    env,
    stdio: "inherit",
  });
  if (status !== 0) throw new Error(`layerbook ${args.join(" ")} ended with ${status}`);
  return Number(process.hrtime.bigint() - begun) / 1e9;
}

/** A registry's Debian where a registry answers; else one made from packages, as layerbook.yml says. */
function chooseBase() {
  const name = "debian:bookworm-slim";
  const { status } = spawnSync(process.execPath, [bin, "shell", name, "--", "true"], {
    env,
    stdio: "ignore",
  });
  return status === 0 ? ["--from", name] : [];
}

/** A port that nothing listens on. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function page(port) {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/`);
      if (response.ok) return await response.text();
    } catch {
      // Not up yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the container serves no page");
}

const dockerAnswers = () => spawnSync("docker", ["version"], { stdio: "ignore" }).status === 0;

/** Starts a container of the image; by Docker where it runs, else by Layerbook's own sandbox. */
async function serve() {
  if (dockerAnswers()) {
    const port = await freePort();
    const started = spawnSync(
      "docker",
      ["run", "-d", "--rm", "-p", `127.0.0.1:${port}:80`, image],
      {
        encoding: "utf8",
      },
    );
    if (started.status !== 0) throw new Error(started.stderr);
    const id = started.stdout.trim();
    return {
      port,
      how: "Docker",
      stop: () => spawnSync("docker", ["stop", "-t", "2", id], { stdio: "ignore" }),
    };
  }
  // The sandbox shares the host's network: the page is on the port that the image itself uses.
  const child = spawn(process.execPath, [bin, "shell", image, "--command"], {
    cwd: project,
    env,
    stdio: "ignore",
  });
  return { port: 80, how: "the sandbox", stop: () => child.kill("SIGTERM") };
}

try {
  cpSync(join(root, "examples/nginx"), project, { recursive: true });
  const from = chooseBase();
  say(
    from.length > 0
      ? `The first build, from ${from[1]}`
      : "The first build makes the base image, too",
  );
  const first = layerbook("build", ...from);
  say("The layers, by task");
  layerbook("layers", image);
  say("Again, with nothing changed");
  const cached = layerbook("build", ...from);
  say("One file edited: roles/web/files/style.css");
  const style = join(project, "roles/web/files/style.css");
  writeFileSync(style, `${readFileSync(style, "utf8")}p { color: #444; }\n`);
  const edited = layerbook("build", ...from);

  const container = await serve();
  try {
    say(`The page, served by a container of ${image} (run by ${container.how})`);
    console.log(await page(container.port));
  } finally {
    container.stop();
  }
  say("Times");
  console.log(`from nothing     ${first.toFixed(2)} s`);
  console.log(`all cached       ${cached.toFixed(2)} s`);
  console.log(`one file edited  ${edited.toFixed(2)} s`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
