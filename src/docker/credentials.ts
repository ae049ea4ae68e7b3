/**
 * Who one is to a registry: the CLI's configuration and its credential helpers.
 * https://docs.docker.com/reference/cli/docker/login/#credential-stores,
 * https://github.com/docker/docker-credential-helpers
 */
import { spawn } from "node:child_process";
import { EnvironmentError } from "../errors/index.ts";
import { type AuthEntry, type CliConfig, type Environment, readCliConfig } from "./config-file.ts";

/** Fields as the API's `X-Registry-Auth` has them. */
export interface Credentials {
  readonly username?: string;
  readonly password?: string;
  /** An OAuth refresh token, in place of a password. */
  readonly identitytoken?: string;
  readonly registrytoken?: string;
  readonly serveraddress?: string;
}

/** The key under which the CLI keeps the account of Docker Hub. */
export const DOCKER_HUB = "https://index.docker.io/v1/";

/** The registry that an image name means; Docker Hub's key for names without a host. */
export function registryOf(name: string): string {
  const first = name.split("/")[0] ?? "";
  const isHost = name.includes("/") && (/[.:]/.test(first) || first === "localhost");
  return isHost && first !== "docker.io" && first !== "index.docker.io" ? first : DOCKER_HUB;
}

/**
 * Credentials for a registry; `undefined` when there are none.
 * @param registry a host with its port, or {@link DOCKER_HUB}
 * @throws EnvironmentError when a credential helper is named but cannot be run
 */
export async function findCredentials(
  registry: string,
  env: Environment = process.env,
): Promise<Credentials | undefined> {
  return credentialsFrom(readCliConfig(env), registry, (program) =>
    runHelper(program, registry, env),
  );
}

/** What a credential helper answered. */
export interface HelperAnswer {
  readonly code: number;
  readonly out: string;
  readonly errors: string;
}

/**
 * The same from a configuration that was read already.
 * @param ask runs `PROGRAM get` with the registry on its standard input
 * @throws EnvironmentError when the helper fails
 */
export async function credentialsFrom(
  config: CliConfig,
  registry: string,
  ask: (program: string) => Promise<HelperAnswer>,
): Promise<Credentials | undefined> {
  const helper = config.credHelpers?.[registry] ?? config.credsStore;
  if (helper) {
    const program = `docker-credential-${helper}`;
    return fromHelper(program, registry, await ask(program));
  }
  const entries = Object.entries(config.auths ?? {});
  const entry =
    config.auths?.[registry] ?? entries.find(([key]) => hostOf(key) === hostOf(registry))?.[1];
  return entry && fromEntry(entry, registry);
}

/** The header in which the daemon wants credentials. */
export function registryAuthHeader(credentials: Credentials | undefined): Record<string, string> {
  if (!credentials) return {};
  return { "X-Registry-Auth": headerJson(credentials) };
}

/** JSON as the daemon reads it from a header: base64 for URLs, with the padding, which Go insists on. */
export function headerJson(value: unknown): string {
  const text = Buffer.from(JSON.stringify(value)).toString("base64");
  return text.replaceAll("+", "-").replaceAll("/", "_");
}

function fromEntry(entry: AuthEntry, registry: string): Credentials | undefined {
  const decoded = Buffer.from(entry.auth ?? "", "base64")
    .toString("utf8")
    .replace(/\0+$/, "");
  const colon = decoded.indexOf(":");
  const username = colon < 0 ? entry.username : decoded.slice(0, colon);
  const password = colon < 0 ? entry.password : decoded.slice(colon + 1);
  if (!username && !entry.identitytoken && !entry.registrytoken) return undefined;
  return {
    ...(username ? { username } : {}),
    ...(entry.identitytoken
      ? { identitytoken: entry.identitytoken }
      : { password: password ?? "" }),
    ...(entry.registrytoken ? { registrytoken: entry.registrytoken } : {}),
    serveraddress: registry,
  };
}

/** Old configurations have `https://host/v1/` where new ones have `host`. */
function hostOf(key: string): string {
  return key.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
}

function runHelper(program: string, registry: string, env: Environment): Promise<HelperAnswer> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ["get"], { stdio: ["pipe", "pipe", "pipe"], env: { ...env } });
    const out: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
    child.stdin.on("error", () => undefined);
    child.stdin.end(registry);
    child.on("error", (cause) => {
      reject(
        new EnvironmentError(`cannot run ${program}, which the Docker configuration names`, {
          hint: "Install it, or take `credsStore` and `credHelpers` out of Docker's config.json.",
          cause,
        }),
      );
    });
    child.on("close", (code) => {
      resolve({
        code: code ?? 1,
        out: Buffer.concat(out).toString("utf8"),
        errors: Buffer.concat(errors).toString("utf8"),
      });
    });
  });
}

function fromHelper(
  program: string,
  registry: string,
  { code, out, errors }: HelperAnswer,
): Credentials | undefined {
  if (code !== 0) {
    const said = `${out}\n${errors}`.trim();
    // The protocol's words for "I have none for that registry".
    if (/credentials not found/i.test(said)) return undefined;
    throw new EnvironmentError(`${program} failed for ${registry}: ${said}`);
  }
  try {
    const { Username, Secret } = JSON.parse(out) as { Username: string; Secret: string };
    return Username === "<token>"
      ? { identitytoken: Secret, serveraddress: registry }
      : { username: Username, password: Secret, serveraddress: registry };
  } catch (cause) {
    throw new EnvironmentError(`${program} gave no credentials in JSON`, { cause });
  }
}
