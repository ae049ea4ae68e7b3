/** What end-to-end tests share: the bundled program, base images, containers. */
import { spawn, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));
export const BIN = join(ROOT, "dist/layerbook.js");

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

export interface RunSettings {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** Runs `layerbook` as a user does; never throws for an exit code. */
export function layerbook(args: readonly string[], settings: RunSettings = {}): Promise<Ran> {
  return run(process.execPath, [BIN, ...args], settings);
}

export function run(
  program: string,
  args: readonly string[],
  settings: RunSettings = {},
): Promise<Ran> {
  const begun = process.hrtime.bigint();
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: settings.cwd,
      env: { ...process.env, NO_COLOR: "1", ...settings.env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: settings.timeoutMs ?? 110_000,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    child.on("error", reject);
    child.on("close", (code) =>
      resolve({ code, stdout, stderr, seconds: Number(process.hrtime.bigint() - begun) / 1e9 }),
    );
  });
}

/** Runs a native tool and gives what it printed. @throws Error with its own words when it fails */
export function must(program: string, args: readonly string[], input?: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: "utf8",
    input: input ?? "",
    maxBuffer: 1 << 28,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
  return stdout;
}

/** A Debian without Python, as a tarball; made once a machine. */
export function debianTar(): string {
  const path = join(tmpdir(), "layerbook-test-bookworm.tar");
  if (!existsSync(path)) {
    const temporary = `${path.slice(0, -4)}.${process.pid}.tar`;
    must("mmdebstrap", ["--quiet", "--variant=minbase", "bookworm", temporary]);
    must("mv", [temporary, path]);
  }
  return path;
}

export const DEBIAN = "layerbook-test/debian:bookworm";

/** The same as an image in the daemon. */
export function debianInDaemon(): string {
  if (must("docker", ["images", "-q", DEBIAN]).trim() === "") {
    must("docker", ["import", "-c", 'CMD ["bash"]', debianTar(), DEBIAN]);
  }
  return DEBIAN;
}

/** A folder that is gone after the test. */
export function scratch(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "layerbook-test-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** A root with nothing but busybox in it, as `rootfs:` takes it. */
export function busyboxRoot(parent: string): string {
  const root = join(parent, "busybox");
  for (const name of ["bin", "etc", "root", "tmp", "srv"])
    mkdirSync(join(root, name), { recursive: true });
  copyFileSync("/bin/busybox", join(root, "bin/busybox"));
  writeFileSync(
    join(root, "etc/passwd"),
    "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n",
  );
  writeFileSync(join(root, "etc/group"), "root:x:0:\nnogroup:x:65534:\n");
  must("chroot", [root, "/bin/busybox", "--install", "-s", "/bin"]);
  return root;
}

/** Writes files below a folder; names may have directories. */
export function files(folder: string, contents: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(contents)) {
    const path = join(folder, name);
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, content);
  }
}

/** What a build must not leave behind: mounts and processes that have to do with a store. */
export function leftBehind(store: string): string[] {
  const mounts = readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .filter((line) => line.includes(store));
  const { stdout } = spawnSync("pgrep", ["-af", store], { encoding: "utf8" });
  return [
    ...mounts,
    ...stdout.split("\n").filter((line) => line !== "" && !line.includes("pgrep")),
  ];
}
