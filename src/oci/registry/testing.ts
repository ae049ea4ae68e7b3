/** A real registry (docker-registry) on loopback, for tests. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface TestRegistry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly port: number;
  /** For certificates and the like; goes away with the registry. */
  readonly dir: string;
  stop(): Promise<void>;
}

/**
 * @param settings further sections of its configuration (YAML); `DIR` stands for {@link TestRegistry.dir}
 * @param prepare writes files before it starts
 */
export async function startRegistry(
  settings = "",
  prepare: (dir: string) => void = () => undefined,
): Promise<TestRegistry> {
  const dir = mkdtempSync(join(tmpdir(), "layerbook-registry-"));
  const port = await freePort();
  prepare(dir);
  const config = `version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage: { filesystem: { rootdirectory: DIR/data }, delete: { enabled: true } }
http:
  addr: 127.0.0.1:${port}
${settings}
`;
  writeFileSync(join(dir, "config.yml"), config.replaceAll("DIR", dir));
  const child = spawn("docker-registry", ["serve", join(dir, "config.yml")], { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  for (let i = 0; !(await answers(port)); i++) {
    if (i > 100 || child.exitCode !== null) throw new Error("docker-registry does not start");
    await sleep(50);
  }
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
    rmSync(dir, { recursive: true });
  };
  return { host: `127.0.0.1:${port}`, port, dir, stop };
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

/** A network that breaks: cuts connections after so many bytes in either direction. */
export class BadNetwork {
  /** The bytes after which the next connections are cut, one each. */
  readonly cuts: { readonly up?: number; readonly down?: number }[] = [];
  /** Connections that were cut. */
  broken = 0;
  host = "";
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  constructor(port: number) {
    this.#server = createServer((near) => {
      const far = connect(port, "127.0.0.1");
      const count = { up: 0, down: 0 };
      for (const socket of [near, far]) {
        this.#open.add(socket);
        socket.on("error", () => undefined);
        socket.on("close", () => {
          this.#open.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
      const pass = (from: Socket, to: Socket, way: "up" | "down") => {
        from.on("data", (chunk) => {
          count[way] += chunk.length;
          to.write(chunk);
          const limit = this.cuts[0]?.[way];
          if (limit !== undefined && count[way] > limit) {
            this.cuts.shift();
            this.broken++;
            near.resetAndDestroy();
            far.destroy();
          }
        });
      };
      pass(near, far, "up");
      pass(far, near, "down");
    });
  }

  listen(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.listen(0, "127.0.0.1", () => {
        this.host = `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
        resolve();
      });
    });
  }

  close(): void {
    for (const socket of this.#open) socket.destroy();
    this.#server.close();
  }
}
