/** Runs one module over a connection, for the tests of modules. */
import { readFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import type { Connection } from "../connection/connection.ts";
import { Dict } from "../values/model.ts";
import { fromJson } from "../values/python.ts";
import type { Data, Module, ModuleContext, ModuleResult } from "./module.ts";
import { resolveModule } from "./registry.ts";
import { validateArguments } from "./validate.ts";

export interface TestRun {
  readonly checkMode?: boolean;
  readonly diffMode?: boolean;
  /** Where `src` files are looked for on the controller. */
  readonly controllerDirectory?: string;
  readonly variables?: Readonly<Record<string, Data>>;
  /** Anything of the context that the test wants to give or to watch itself. */
  readonly context?: Partial<ModuleContext>;
}

/**
 * Validates the arguments and runs the module, as the engine would, but without templating.
 *
 * @throws ArgumentsError for arguments that the module refuses
 */
export async function runModule(
  module: Module,
  args: Readonly<Record<string, Data>>,
  connection: Connection,
  overrides: TestRun = {},
): Promise<ModuleResult> {
  const values = new Dict(
    Object.entries(args).map(([key, value]) => [key, fromJson(value)] as const),
  );
  const context = testContext(connection, overrides);
  return module.run(context, validateArguments(module.spec, values, { warn: context.warn }));
}

/** A context whose controller is a folder and whose templates are plain text. */
export function testContext(connection: Connection, overrides: TestRun = {}): ModuleContext {
  const variables = overrides.variables ?? {};
  let facts: Promise<Readonly<Record<string, Data>>> | undefined;
  const context: ModuleContext = {
    sh: (script, options) => connection.run(script, options),
    tunnel: async () => Promise.reject(new Error("this test gives no tunnels")),
    atController: true,
    environment: {},
    checkMode: overrides.checkMode ?? false,
    diffMode: overrides.diffMode ?? false,
    noLog: false,
    verbosity: 0,
    controller: {
      find: async (_kind, name) =>
        isAbsolute(name) ? name : join(overrides.controllerDirectory ?? process.cwd(), name),
      read: (path) => readFile(path),
      decrypt: (ciphertext) => ciphertext,
      isVault: async (path) =>
        (await readFile(path)).subarray(0, 14).toString("latin1") === "$ANSIBLE_VAULT",
    },
    position: undefined,
    variable: (name) => {
      const value = variables[name];
      return value === undefined ? undefined : fromJson(value);
    },
    variableNames: () => Object.keys(variables),
    template: (value) => value,
    isUnsafe: () => false,
    condition: (expression) => expression === true,
    render: (text) => text,
    invoke: async (name, args) => {
      const { module } = await resolveModule(name);
      return runModule(module, args, connection, overrides);
    },
    target: "host",
    services: "defer",
    deferService: () => undefined,
    facts: () => {
      facts ??= context.invoke("ansible.builtin.setup", {}).then((r) => r.ansible_facts ?? {});
      return facts;
    },
    warn: () => undefined,
    deprecate: () => undefined,
    secret: () => undefined,
    signal: new AbortController().signal,
    ...overrides.context,
  };
  return context;
}
