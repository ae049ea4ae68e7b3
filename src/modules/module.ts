/**
 * What a module is. One file a module: `spec` (data: validation, `layerbook doc` and the
 * compatibility table come from it), `run`, and for modules that read the controller `inputs`.
 *
 * ```ts
 * export const spec = { ... } as const satisfies ModuleSpec;
 * export async function run(context: ModuleContext, args: Arguments): Promise<ModuleResult> { ... }
 * ```
 */
import type { Duplex } from "node:stream";
import type { Input, RunOptions, RunResult } from "../connection/connection.ts";
import type { SourcePosition } from "../errors/index.ts";
import type { PyFloat, Value } from "../values/model.ts";

/** Plain data as modules take and return it. `PyFloat` only where 1.0 must not become 1. */
export type Data =
  | null
  | boolean
  | number
  | string
  | PyFloat
  | readonly Data[]
  | { readonly [key: string]: Data };

/** Types of arguments, with Ansible's names and conversions. */
export type OptionType =
  | "str"
  | "int"
  | "float"
  | "bool"
  | "list"
  | "dict"
  | "path"
  | "raw"
  | "bytes"
  | "bits"
  | "json";

export interface OptionSpec {
  readonly type: OptionType;
  readonly description: string;
  readonly required?: boolean;
  readonly default?: Data;
  readonly choices?: readonly Data[];
  readonly aliases?: readonly string[];
  /** Type of a list's elements. */
  readonly elements?: OptionType;
  /** Options of a dict, or of each dict in a list. */
  readonly options?: Readonly<Record<string, OptionSpec>>;
  /** The value is a secret: kept out of results, logs and events. */
  readonly noLog?: boolean;
  /** Accepted and without effect here; the text says why (shown by `layerbook doc`). */
  readonly noEffect?: string;
}

export interface ModuleSpec {
  /** Fully qualified: `ansible.builtin.copy`. The short name is its last part. */
  readonly name: string;
  /** Further names, short or fully qualified. */
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly mutuallyExclusive?: readonly (readonly string[])[];
  readonly requiredTogether?: readonly (readonly string[])[];
  readonly requiredOneOf?: readonly (readonly string[])[];
  /** [option, value, required options, any of them suffices] */
  readonly requiredIf?: readonly (readonly [string, Data, readonly string[], boolean?])[];
  readonly requiredBy?: Readonly<Record<string, readonly string[]>>;
  /** The option that takes free-form text (`command: ls`), if the module has one. */
  readonly freeForm?: string;
  /** Any further key is allowed (set_fact, group_by, add_host). */
  readonly anyOption?: boolean;
  /** `skip`: the task is skipped in check mode, as modules without support are. */
  readonly checkMode: "full" | "skip";
  readonly diff: boolean;
  /**
   * `target`: acts on the host, memoised in image builds. `talk`: only speaks or computes (debug,
   * assert, set_fact): always run, never a layer.
   */
  readonly effect: "target" | "talk";
  /** What it reads of the controller cannot be known: in an image build it runs each time. */
  readonly neverCached?: boolean;
  /** Its result depends on the network or the moment: named in `layerbook plan`. */
  readonly volatile?: boolean;
  /** Name of each returned value and what it holds. */
  readonly returns: Readonly<Record<string, string>>;
}

/** Arguments after templating, validation, conversion and defaults. Absent options are `undefined`. */
export type Arguments = Readonly<Record<string, Data | undefined>>;

/** What a module returns; the engine adds `failed`, `changed` defaults, invocation and the rest. */
export interface ModuleResult {
  readonly changed?: boolean;
  readonly failed?: boolean;
  readonly skipped?: boolean;
  readonly msg?: Data;
  readonly ansible_facts?: Readonly<Record<string, Data>>;
  readonly diff?: Data;
  readonly warnings?: readonly string[];
  readonly [key: string]: Data | undefined;
}

/** Content of the controller that changes what the module does; part of the step's key. */
export type KeyInput =
  /** A file or a whole directory: contents and modes count, times never. */
  | { readonly kind: "path"; readonly path: string }
  /** Bytes as they will be used (a rendered template). */
  | { readonly kind: "bytes"; readonly name: string; readonly bytes: string | Uint8Array };

/** The controller's side of a task. */
export interface ControllerSide {
  /**
   * Finds a file as the task would: role's and playbook's `files`, `templates`, `vars`.
   * @throws LayerbookError naming every place that was searched
   */
  find(kind: "files" | "templates" | "vars" | "tasks", name: string): Promise<string>;
  /** Reads a file, decrypted when it is a vault file. */
  read(path: string): Promise<Buffer>;
  /** Whether the file is encrypted, so that `decrypt: false` and large plain files need no reading. */
  isVault(path: string): Promise<boolean>;
  /** The text behind a `!vault` value of a YAML file. @throws LayerbookError if no secret opens it */
  decrypt(ciphertext: string, position: SourcePosition): string;
}

/** An interpreter that is mounted into the image being built. */
export interface MountedPython {
  /** As the image sees it. */
  readonly path: string;
  /** Of its code: part of the keys of steps that may use it. */
  readonly digest: string;
  /** Folder of the store for what was found out about Python code. */
  readonly notes: string;
}

/** Where the task runs and what Layerbook has been told about it. */
export interface ModuleContext {
  /** Runs a script in the target as the task's user, with its environment and working directory. */
  sh(script: string, options?: Omit<RunOptions, "become">): Promise<RunResult>;
  /**
   * The standard streams of a program in the target, as the task's user, over a connection of its own.
   * @throws ConnectionError when there is no way to it
   */
  tunnel(script: string): Promise<Duplex>;
  /** Whether the task runs on the controller as the user whom Layerbook runs as. */
  readonly atController: boolean;
  /** The task's `environment`. */
  readonly environment: Readonly<Record<string, string>>;
  readonly checkMode: boolean;
  readonly diffMode: boolean;
  readonly noLog: boolean;
  readonly verbosity: number;
  readonly controller: ControllerSide;
  /** The file and line of the task, for messages. */
  readonly position: SourcePosition | undefined;
  /** A variable as the task sees it, templated. */
  variable(name: string): Value | undefined;
  variableNames(): readonly string[];
  /** Templates a value with the task's variables. `undefined` variables raise. */
  template(value: Value): Value;
  /** Whether an argument holds text that must not be taken for a template or an expression. */
  isUnsafe(option: string): boolean;
  /** Evaluates a condition as `when` would (assert's `that`). */
  condition(expression: Value): boolean;
  /** Renders a template file's text as the template module does. */
  render(text: string, options: RenderOptions): string;
  /** Runs another module in the same place (package -> apt). Its result is returned as it is. */
  invoke(module: string, args: Readonly<Record<string, Data>>): Promise<ModuleResult>;
  /**
   * `image`: an image is being built and nothing is booted; `host`: a machine or container that lives.
   */
  readonly target: "image" | "host";
  /** In an image build: what to do with services that should start (`--services`). */
  readonly services: "defer" | "run" | "fail";
  /**
   * In an image build: a Python that every image can run, for modules that are written in it where the
   * image has none. It is mounted, never part of a layer. Nothing when this machine has no Python.
   */
  readonly mountedPython?: (() => Promise<MountedPython | undefined>) | undefined;
  /** Notes that a start, restart or reload was left to the container's own start. */
  deferService(service: string, state: string): void;
  /** Facts of the target gathered natively, in case the play did not (`os_family`, `pkg_mgr`, ...). */
  facts(): Promise<Readonly<Record<string, Data>>>;
  warn(message: string): void;
  deprecate(message: string): void;
  /** A value that must not be shown anywhere. */
  secret(value: string): void;
  readonly signal: AbortSignal;
}

export interface RenderOptions {
  /** Path of the template on the controller (`template_path`, `ansible_managed`). */
  readonly path: string;
  readonly destination: string;
  readonly blockStart?: string;
  readonly blockEnd?: string;
  readonly variableStart?: string;
  readonly variableEnd?: string;
  readonly commentStart?: string;
  readonly commentEnd?: string;
  readonly trimBlocks?: boolean;
  readonly lstripBlocks?: boolean;
  readonly newlineSequence?: string;
}

export interface Module {
  readonly spec: ModuleSpec;
  readonly run: (context: ModuleContext, args: Arguments) => Promise<ModuleResult>;
  readonly inputs?: (context: ModuleContext, args: Arguments) => Promise<readonly KeyInput[]>;
  /**
   * The paths of the target that the module reads and writes, each with all that is below it; besides
   * them only the system's own programs and accounts matter. A build may replay the module's outcome
   * where these are as they were, whatever else has changed. `undefined`: anything may matter.
   */
  readonly touches?: (args: Arguments) => readonly string[] | undefined;
}

export type { Input, RunOptions, RunResult };
