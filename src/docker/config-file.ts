/** The Docker CLI's configuration: `config.json` in `DOCKER_CONFIG` or `~/.docker`. */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { EnvironmentError, messageOf } from "../errors/index.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What Layerbook reads of the file. */
export interface CliConfig {
  readonly currentContext?: string;
  readonly auths?: Readonly<Record<string, AuthEntry>>;
  readonly credsStore?: string;
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly HttpHeaders?: Readonly<Record<string, string>>;
}

export interface AuthEntry {
  /** base64 of `user:password`. */
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

export function configDirectory(env: Environment): string {
  return env.DOCKER_CONFIG || join(env.HOME || homedir(), ".docker");
}

/** The configuration; empty when there is none. @throws EnvironmentError when it is no JSON */
export function readCliConfig(env: Environment): CliConfig {
  const path = join(configDirectory(env), "config.json");
  const text = readOptional(path);
  if (text === undefined) return {};
  try {
    const data: unknown = JSON.parse(text);
    return typeof data === "object" && data !== null ? (data as CliConfig) : {};
  } catch (error) {
    throw new EnvironmentError(`${path} is no valid JSON: ${messageOf(error)}`, {
      hint: "Mend the file, or name another directory with DOCKER_CONFIG.",
    });
  }
}

/** A file's text; `undefined` when it does not exist. */
export function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new EnvironmentError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}
