/**
 * The daemon that a module talks to: that of the place where the task runs. On the controller it is
 * dialled; on another machine its socket is reached through the connection to that machine.
 */
import { spawn } from "node:child_process";
import { isAbsolute, join, resolve } from "node:path";
import { Duplex } from "node:stream";
import { quote } from "../../../connection/connection.ts";
import {
  type Credentials,
  credentialsFrom,
  type DaemonSettings,
  DockerClient,
  DockerError,
  type Endpoint,
  type Environment,
  endpointOf,
  environmentOf,
  findCredentials,
  readOptional,
} from "../../../docker/index.ts";
import { fail, failing } from "../../lib/failure.ts";
import { flagOption, numberOption, textOption } from "../../lib/option-values.ts";
import type { Arguments, ModuleContext, ModuleResult } from "../../module.ts";

/** A daemon and the machine that it is asked from. */
export interface Daemon {
  readonly client: DockerClient;
  /** Who one is to a registry, as that machine's Docker configuration says. */
  credentials(registry: string): Promise<Credentials | undefined>;
  /** A small file of that machine; `undefined` when it is not there. */
  readText(path: string): Promise<string | undefined>;
  /** The standard streams of a script of that machine; a script that says nothing has failed. */
  program(script: string): Promise<Duplex>;
  /** A path of that machine made absolute; `~` is its user's home. */
  absolute(path: string): Promise<string>;
}

/** Makes a module's `run` of a function that has a daemon. What the daemon refuses is a failure. */
export function withDaemon(
  run: (daemon: Daemon, context: ModuleContext, args: Arguments) => Promise<ModuleResult>,
): (context: ModuleContext, args: Arguments) => Promise<ModuleResult> {
  return failing(async (context, args) => {
    const daemon = daemonOf(context, args);
    try {
      return await run(daemon, context, args);
    } catch (error) {
      if (!(error instanceof DockerError)) throw error;
      return fail(`Error from the Docker daemon: ${error.daemonMessage}`, {
        status_code: error.status,
      });
    } finally {
      daemon.client.close();
    }
  });
}

export function daemonOf(context: ModuleContext, args: Arguments): Daemon {
  return context.atController ? ownDaemon(context, args) : farDaemon(context, args);
}

function timeoutOf(args: Arguments, env: Environment): { timeoutMs: number } {
  return {
    timeoutMs: (numberOption(args, "timeout") ?? (Number(env.DOCKER_TIMEOUT) || 60)) * 1000,
  };
}

function ownDaemon(context: ModuleContext, args: Arguments): Daemon {
  const settings = settingsOf(args);
  const env = environmentOf(settings, { ...process.env, ...context.environment });
  const client = new DockerClient(env, endpointOf(settings, env), timeoutOf(args, env));
  const home = env.HOME ?? "/";
  return {
    client,
    credentials: (registry) => findCredentials(registry, env),
    readText: async (path) => readOptional(path),
    program: async (script) => startLocal(script, env),
    absolute: async (path) =>
      path === "~" || path.startsWith("~/") ? join(home, path.slice(1)) : resolve(path),
  };
}

/** What the script says on standard error is the stream's error when it fails. */
function startLocal(script: string, env: Environment): Duplex {
  const child = spawn("/bin/sh", ["-c", script], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...env },
  });
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2000);
  });
  child.on("error", (error) => stream.destroy(error));
  child.on("close", (code) => {
    if (code !== 0) stream.destroy(new Error(said.trim() || `the command ended with code ${code}`));
  });
  return stream;
}

function settingsOf(args: Arguments): DaemonSettings {
  return {
    dockerHost: textOption(args, "docker_host"),
    tls: flagOption(args, "tls"),
    validateCerts: flagOption(args, "validate_certs"),
    tlsHostname: textOption(args, "tls_hostname"),
    caPath: textOption(args, "ca_path"),
    clientCert: textOption(args, "client_cert"),
    clientKey: textOption(args, "client_key"),
    apiVersion: textOption(args, "api_version"),
  };
}

function farDaemon(context: ModuleContext, args: Arguments): Daemon {
  const env = environmentOf(settingsOf(args), context.environment);
  const script = socketScript(args);
  const endpoint: Endpoint = {
    kind: "tunnel",
    url: textOption(args, "docker_host") ?? "unix:///var/run/docker.sock",
    source: " (through the connection to the target)",
    open: () => context.tunnel(script),
  };
  const said = async (command: string, stdin?: Buffer) => {
    const result = await context.sh(command, stdin === undefined ? {} : { stdin });
    return { code: result.rc, out: result.stdout.toString(), errors: result.stderr.toString() };
  };
  return {
    client: new DockerClient(env, endpoint, timeoutOf(args, env)),
    program: (text) => context.tunnel(text),
    credentials: async (registry) => {
      const { out } = await said('cat "${DOCKER_CONFIG:-$HOME/.docker}/config.json" 2>/dev/null');
      return credentialsFrom(out === "" ? {} : JSON.parse(out), registry, (program) =>
        said(`${quote(program)} get`, Buffer.from(registry)),
      );
    },
    readText: async (path) => {
      const { code, out } = await said(`cat -- ${quote(path)}`);
      return code === 0 ? out : undefined;
    },
    absolute: async (path) => {
      if (isAbsolute(path)) return path;
      const home = path === "~" || path.startsWith("~/");
      const { out } = await said(home ? 'printf %s "$HOME"' : "pwd");
      return join(out.trim(), home ? path.slice(1) : path);
    },
  };
}

/**
 * Connects standard input and output to the daemon's socket, with whatever the machine has for it.
 * Only the Docker CLI can do more than a socket.
 */
function socketScript(args: Arguments): string {
  const host = textOption(args, "docker_host");
  const words = ["docker"];
  if (host !== undefined) words.push("--host", host);
  if (flagOption(args, "validate_certs")) words.push("--tlsverify");
  else if (flagOption(args, "tls")) words.push("--tls");
  for (const [option, flag] of [
    ["ca_path", "--tlscacert"],
    ["client_cert", "--tlscert"],
    ["client_key", "--tlskey"],
  ] as const) {
    const path = textOption(args, option);
    if (path !== undefined) words.push(flag, path);
  }
  const cli = `exec ${words.map(quote).join(" ")} system dial-stdio`;
  const socket = host?.startsWith("unix://") ? host.slice(7).replace(/^(?!\/)/, "/") : undefined;
  const path = host === undefined || socket !== undefined;
  const others = path
    ? `
s=${quote(socket ?? "/var/run/docker.sock")}
[ -S "$s" ] || { echo "there is no socket $s, so no Docker daemon on this machine" >&2; exit 127; }
if lb_have socat; then exec socat - "UNIX-CONNECT:$s"; fi
if lb_have python3; then exec python3 -c 'import os,socket,sys,threading
s=socket.socket(socket.AF_UNIX);s.connect(sys.argv[1])
def up():
    while True:
        b=os.read(0,65536)
        if not b: break
        s.sendall(b)
    s.shutdown(1)
threading.Thread(target=up,daemon=True).start()
while True:
    b=s.recv(65536)
    if not b: break
    os.write(1,b)' "$s"; fi
if nc -h 2>&1 | grep -q -- -U; then exec nc -U "$s"; fi
echo "the socket $s can be reached with none of docker, socat, python3 or nc -U: install one on this machine" >&2
exit 127`
    : `\necho "docker_host ${host} needs the Docker CLI on this machine" >&2\nexit 127`;
  return `if lb_have docker; then ${cli}; fi${others}`;
}
