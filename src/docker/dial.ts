/** Opens byte streams to the daemon: a socket, TLS, or `docker system dial-stdio` behind ssh. */
import { type ChildProcess, spawn } from "node:child_process";
import { Agent } from "node:http";
import { connect as connectSocket, isIP, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import type { Endpoint } from "./endpoint.ts";
import { LateStream } from "./late-stream.ts";

/** One stream to the daemon. Errors, also those of connecting, come as its `error` event. */
export function dial(endpoint: Endpoint): Duplex {
  switch (endpoint.kind) {
    case "socket":
      return connectSocket({ path: endpoint.path });
    case "tcp": {
      const { host, port, tls } = endpoint;
      if (!tls) return connectSocket({ host, port, noDelay: true });
      return connectTls({
        host,
        port,
        ...(tls.ca === undefined ? {} : { ca: tls.ca }),
        ...(tls.cert === undefined ? {} : { cert: tls.cert }),
        ...(tls.key === undefined ? {} : { key: tls.key }),
        ...(isIP(tls.serverName ?? host) ? {} : { servername: tls.serverName ?? host }),
        rejectUnauthorized: tls.verify,
      });
    }
    case "ssh":
      return dialSsh(endpoint);
    case "tunnel":
      return new LateStream(endpoint.open);
  }
}

/** An agent of node:http that keeps connections to the endpoint. */
export function agentFor(endpoint: Endpoint): Agent {
  // Many containers at once need many connections, and few of them afterwards.
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 4 });
  agent.createConnection = () => dial(endpoint) as ReturnType<Agent["createConnection"]>;
  return agent;
}

function dialSsh(endpoint: Extract<Endpoint, { kind: "ssh" }>): Duplex {
  const args = ["-o", "ConnectTimeout=30", "-T"];
  if (endpoint.user !== undefined) args.push("-l", endpoint.user);
  if (endpoint.port !== undefined) args.push("-p", endpoint.port);
  args.push("--", endpoint.host, "docker");
  if (endpoint.path !== undefined) args.push("--host", `unix://${endpoint.path}`);
  args.push("system", "dial-stdio");
  return new SshStream(args);
}

/** The standard streams of an ssh process as one stream; half-closing works in both directions. */
class SshStream extends Duplex {
  readonly #child;
  #said = "";

  constructor(args: readonly string[]) {
    super({ allowHalfOpen: true, emitClose: true });
    // Detached: Ctrl-C is for Layerbook, which ends its connections itself.
    const child = spawn("ssh", args, { stdio: ["pipe", "pipe", "pipe"], detached: true });
    this.#child = child;
    child.on("error", (error) => this.destroy(new Error(`cannot start ssh: ${error.message}`)));
    child.stdout.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) child.stdout.pause();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString()).slice(-2000);
    });
    child.stdin.on("error", () => undefined);
    child.on("close", (code) => {
      if (code === 0 || this.destroyed) this.push(null);
      else {
        const said = this.#said.trim().split("\n").slice(-2).join(" ");
        this.destroy(new Error(said || `ssh ended with code ${code}`));
      }
    });
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#child.stdin.write(chunk)) done();
    else this.#child.stdin.once("drain", done);
  }

  override _final(done: () => void): void {
    this.#child.stdin.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#child.stdin.destroy();
    this.#child.kill();
    done(error);
  }

  // What node:http calls on the sockets of an agent.
  setTimeout(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this.#each((part) => part.ref());
  }
  /** An idle connection does not keep Layerbook from ending. */
  unref(): this {
    return this.#each((part) => part.unref());
  }

  #each(change: (part: { ref(): unknown; unref(): unknown }) => void): this {
    const { stdin, stdout, stderr } = this.#child;
    // Pipes of a child are sockets, which its type does not say.
    for (const part of [this.#child, stdin, stdout, stderr]) change(part as ChildProcess | Socket);
    return this;
  }
}
