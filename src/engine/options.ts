/** What a run of playbooks needs from its caller. */
import type { Connection } from "../connection/connection.ts";
import type { ExitCode } from "../errors/index.ts";
import type { Inventory } from "../inventory/inventory.ts";
import type { MountedPython } from "../modules/module.ts";
import type { Value } from "../values/model.ts";
import type { EngineEvents, HostStats } from "./events.ts";
import type { StepRunner } from "./runner.ts";
import type { EngineSettings } from "./settings.ts";

/** A host as a connection is asked for: its name and what its variables say. */
export interface ConnectionRequest {
  readonly host: string;
  /** `ansible_connection`, or the `connection` keyword: local, ssh, docker, ... */
  readonly connection: string;
  /** A connection variable (`ansible_host`, `ansible_port`, ...), templated. */
  readonly variable: (name: string) => Value | undefined;
  /** `remote_user` and `port` of the task, when they are given. */
  readonly user: string | undefined;
  readonly port: number | undefined;
  /** Password to log in with, where no variable gives one. */
  readonly password: string | undefined;
  /** Requests that differ in it must get connections of their own. */
  readonly lane?: string;
  /** Folder of the playbook: where commands of local connections begin. */
  readonly playbookDirectory: string;
  readonly signal: AbortSignal;
}

/** @throws ConnectionError when the host cannot be reached */
export type ConnectionFactory = (request: ConnectionRequest) => Promise<Connection>;

/** Vault secrets as the engine uses them. */
export interface VaultAccess {
  decrypt(text: string, file?: string): Uint8Array;
}

export interface RunOptions {
  /** Paths of playbook files, run one after the other. */
  readonly playbooks: readonly string[];
  /** Plays that stand in no file, run after those of the playbooks (`ansible host -m module`). */
  readonly plays?: PlaysInMemory;
  readonly inventory: Inventory;
  readonly connections: ConnectionFactory;
  readonly events: EngineEvents;
  readonly settings: EngineSettings;
  readonly signal: AbortSignal;
  /** Default: runs each module where it belongs, remembering nothing. */
  readonly runner?: StepRunner;
  readonly extraVars?: ReadonlyMap<string, Value>;
  readonly tags?: readonly string[];
  readonly skipTags?: readonly string[];
  readonly limit?: string | undefined;
  readonly startAtTask?: string | undefined;
  /** How many hosts are served at once; default: the setting. */
  readonly forks?: number;
  readonly forceHandlers?: boolean;
  /** Facts that are kept of the inventory's hosts are forgotten first. */
  readonly flushCache?: boolean;
  /** Passwords that were asked for; variables of the hosts are stronger. */
  readonly passwords?: Passwords;
  readonly check?: boolean;
  readonly diff?: boolean;
  readonly verbosity?: number;
  readonly vault?: VaultAccess | undefined;
  /** In an image build: a Python for images without one. */
  readonly mountedPython?: (() => Promise<MountedPython | undefined>) | undefined;
  /** Default `host`. */
  readonly target?: "image" | "host";
  /** What happens to services in an image build. Default `defer`. */
  readonly services?: "defer" | "run" | "fail";
  /** Reads the inventory's sources anew, into the same inventory (`meta: refresh_inventory`). */
  readonly refreshInventory?: (() => Promise<void>) | undefined;
  /** Asks for a `vars_prompt`; absent: the default is taken, as without a terminal. */
  readonly ask?: ((prompt: Prompt) => Promise<string>) | undefined;
  /** Asks before each task (`--step`): `no` skips it, `continue` asks no more. */
  readonly confirmTask?: ((title: string) => Promise<"yes" | "no" | "continue">) | undefined;
}

export interface PlaysInMemory {
  /** A list of plays, as a playbook file holds it. */
  readonly value: Value;
  /** The path that they have as if they stood in a file: what is relative is so to its folder. */
  readonly file: string;
}

export interface Passwords {
  readonly login?: string | undefined;
  readonly become?: string | undefined;
}

export interface Prompt {
  readonly text: string;
  readonly isPrivate: boolean;
  readonly confirm: boolean;
}

export interface PlaybookOutcome {
  /** 0, 2 when a host failed, 4 when one was unreachable. */
  readonly exitCode: ExitCode;
  readonly stats: ReadonlyMap<string, HostStats>;
  readonly failedHosts: readonly string[];
  readonly unreachableHosts: readonly string[];
}
