/**
 * Where the daemon is, found as the Docker CLI finds it: `DOCKER_HOST`, else the context that
 * `DOCKER_CONTEXT` or the CLI's configuration names, else the local socket.
 * https://docs.docker.com/engine/security/protect-access/, https://docs.docker.com/engine/manage-resources/contexts/
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { EnvironmentError } from "../errors/index.ts";
import { configDirectory, type Environment, readCliConfig, readOptional } from "./config-file.ts";

export interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly verify: boolean;
  /** The name that the certificate must be for, when that is not the host's. */
  readonly serverName?: string | undefined;
}

export type Endpoint = {
  /** As the user would write it. */
  readonly url: string;
  /** Where it was named, for messages: ` (from DOCKER_HOST)`; empty for the default. */
  readonly source: string;
} & (
  | { readonly kind: "socket"; readonly path: string }
  | {
      readonly kind: "tcp";
      readonly host: string;
      readonly port: number;
      readonly tls: TlsFiles | undefined;
    }
  | {
      readonly kind: "ssh";
      readonly host: string;
      readonly user: string | undefined;
      readonly port: string | undefined;
      /** Socket on the far machine, when it is not the default. */
      readonly path: string | undefined;
    }
  /** Streams that someone else opens: the daemon of a machine that a Connection leads to. */
  | { readonly kind: "tunnel"; readonly open: () => Promise<Duplex> }
);

const DEFAULT_URL =
  process.platform === "win32" ? "npipe:////./pipe/docker_engine" : "unix:///var/run/docker.sock";

/** @throws EnvironmentError for a context that does not exist or an address that is none */
export function findEndpoint(env: Environment = process.env): Endpoint {
  if (env.DOCKER_HOST) {
    return parseEndpoint(env.DOCKER_HOST, " (from DOCKER_HOST)", () => tlsFromEnvironment(env));
  }
  const fromEnv = env.DOCKER_CONTEXT;
  const name = fromEnv || readCliConfig(env).currentContext;
  if (name && name !== "default") {
    return contextEndpoint(name, fromEnv ? "DOCKER_CONTEXT" : "the Docker CLI", env);
  }
  return parseEndpoint(DEFAULT_URL, "", () => undefined);
}

/**
 * @param url `unix://`, `npipe://`, `tcp://`, `http://`, `https://` or `ssh://`
 * @param source see {@link Endpoint}
 * @param tls asked only for tcp
 */
export function parseEndpoint(
  url: string,
  source: string,
  tls: () => TlsFiles | undefined,
): Endpoint {
  const [, scheme, rest = ""] = /^([a-z]+):\/\/(.*)$/.exec(url) ?? [];
  // Ansible's own default is written unix://var/run/docker.sock.
  if (scheme === "unix") return { kind: "socket", url, source, path: rest.replace(/^(?!\/)/, "/") };
  if (scheme === "npipe") return { kind: "socket", url, source, path: rest.replaceAll("/", "\\") };
  try {
    if (scheme === "ssh") {
      const { hostname, username, port, pathname } = new URL(url);
      if (!hostname || hostname.startsWith("-")) throw new Error("no host");
      return {
        kind: "ssh",
        url,
        source,
        host: unbracket(hostname),
        user: username === "" ? undefined : decodeURIComponent(username),
        port: port === "" ? undefined : port,
        path: pathname === "" || pathname === "/" ? undefined : pathname,
      };
    }
    if (scheme === "tcp" || scheme === "http" || scheme === "https") {
      const files = tls() ?? (scheme === "https" ? { verify: true } : undefined);
      // A scheme without a default port, so that 80 and 443 survive.
      const { hostname, port } = new URL(`tcp://${rest}`);
      return {
        kind: "tcp",
        url,
        source,
        host: unbracket(hostname) || "127.0.0.1",
        port: port === "" ? (files ? 2376 : 2375) : Number(port),
        tls: files,
      };
    }
  } catch {
    // Falls through to the one message for every address that is none.
  }
  throw new EnvironmentError(`'${url}'${source} is no address of a Docker daemon`, {
    hint: "Write unix:///path, tcp://host:port or ssh://user@host.",
  });
}

function unbracket(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1");
}

/** `DOCKER_TLS_VERIFY` (any value) asks for TLS and verifies; `DOCKER_CERT_PATH` alone does not verify. */
function tlsFromEnvironment(env: Environment): TlsFiles | undefined {
  const verify = Boolean(env.DOCKER_TLS_VERIFY);
  if (!verify && !env.DOCKER_CERT_PATH) return undefined;
  return { ...tlsFiles(env.DOCKER_CERT_PATH || configDirectory(env)), verify };
}

function tlsFiles(directory: string): Omit<TlsFiles, "verify"> {
  const read = (name: string) => readOptional(join(directory, name));
  return { ca: read("ca.pem"), cert: read("cert.pem"), key: read("key.pem") };
}

function contextEndpoint(name: string, namedBy: string, env: Environment): Endpoint {
  const id = createHash("sha256").update(name).digest("hex");
  const root = join(configDirectory(env), "contexts");
  const text = readOptional(join(root, "meta", id, "meta.json"));
  const docker = text === undefined ? undefined : dockerEndpointOf(text);
  if (!docker?.Host) {
    throw new EnvironmentError(
      `the Docker context '${name}', named by ${namedBy}, does not exist`,
      {
        hint: "`docker context ls` lists the contexts; choose one with DOCKER_CONTEXT or `docker context use`.",
      },
    );
  }
  return parseEndpoint(docker.Host, ` (context ${name})`, () => {
    const files = tlsFiles(join(root, "tls", id, "docker"));
    if (!files.ca && !files.cert && !docker.SkipTLSVerify) return undefined;
    return { ...files, verify: !docker.SkipTLSVerify };
  });
}

function dockerEndpointOf(text: string): { Host?: string; SkipTLSVerify?: boolean } | undefined {
  try {
    const meta = JSON.parse(text) as {
      Endpoints?: { docker?: { Host?: string; SkipTLSVerify?: boolean } };
    };
    return meta.Endpoints?.docker;
  } catch {
    return undefined;
  }
}
