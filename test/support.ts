/** What end-to-end tests share: the bundled program, base images, containers. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
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
