/** Runs a module that is not Layerbook's own in the target, as its style wants it. */
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { type OutputStream, quote, type RunResult } from "../../connection/connection.ts";
import { LayerbookError } from "../../errors/index.ts";
import { PyFloat, textOf } from "../../values/model.ts";
import { floatRepr, fromJson, str } from "../../values/python.ts";
import type { Arguments, Data, ModuleContext, ModuleResult } from "../module.ts";
import { toWire } from "../python/wire.ts";
import type { FoundModule } from "./found-module.ts";
import { findInterpreter, type Interpreter } from "./interpreter.ts";
import type { LibraryServices } from "./library-services.ts";
import { parseOutput } from "./module-output.ts";
import { JSON_ARGS, type ModuleStyle, moduleStyle, shebang } from "./module-style.ts";

/** @throws LayerbookError when what the module needs is not there */
export async function runInTarget(
  found: FoundModule,
  services: LibraryServices,
  context: ModuleContext,
  given: Arguments,
): Promise<ModuleResult> {
  const code = await readFile(found.path);
  const style = moduleStyle(code);
  const args = { ...definedArguments(given), ...internalArguments(found, services, context) };
  if (style === "powershell") {
    throw new LayerbookError(`the module '${found.name}' is written for Windows (PowerShell)`, {
      hint: "Targets are Linux systems.",
    });
  }
  if (style === "python") return runPython(found, services, context, args);
  return runFile(found, services, context, code, style, args);
}

/** Python on its standard input: no file of it is ever in the target. */
async function runPython(
  found: FoundModule,
  services: LibraryServices,
  context: ModuleContext,
  args: Readonly<Record<string, Data>>,
): Promise<ModuleResult> {
  const hosts = services.hosts(found.name, context.position);
  const interpreter = await python(found, services, context);
  const packed = (await hosts.request({
    op: "pack",
    name: shortName(found.name),
    path: found.path,
    args: toWire(fromJson(args)),
    interpreter: interpreter.command,
  })) as { readonly payload: string };
  const output = await capture(
    context,
    `${bytecode(context)}${interpreter.command}`,
    Buffer.from(packed.payload, "base64"),
  );
  return withFacts(parseOutput(output, interpreter.command, context), interpreter);
}

/** A module's output is its result, not something to be shown while it runs. */
async function capture(
  context: ModuleContext,
  script: string,
  stdin?: Uint8Array,
): Promise<RunResult> {
  const chunks: Record<OutputStream, Buffer[]> = { stdout: [], stderr: [] };
  const { rc } = await context.sh(script, {
    ...(stdin && { stdin }),
    collect: false,
    onOutput: (stream, chunk) => void chunks[stream].push(chunk),
  });
  return { rc, stdout: Buffer.concat(chunks.stdout), stderr: Buffer.concat(chunks.stderr) };
}

/** An image's own Python must not leave its caches in a layer. */
function bytecode(context: ModuleContext): string {
  return context.target === "image" ? "PYTHONDONTWRITEBYTECODE=1 " : "";
}

async function python(
  found: FoundModule,
  services: LibraryServices,
  context: ModuleContext,
): Promise<Interpreter> {
  const interpreter = await findInterpreter(context, services.interpreterSetting);
  if (interpreter) return interpreter;
  throw new LayerbookError(
    `the module '${found.name}' is written in Python, and there is no Python in the target`,
    {
      hint: "Install python3 there first (`raw` and the native package modules need none), or name it with ansible_python_interpreter.",
    },
  );
}

/** A script or program in a directory of its own, which is removed afterwards. */
async function runFile(
  found: FoundModule,
  services: LibraryServices,
  context: ModuleContext,
  code: Buffer,
  style: ModuleStyle,
  args: Readonly<Record<string, Data>>,
): Promise<ModuleResult> {
  const first = shebang(code);
  if (style !== "binary" && !first) {
    throw new LayerbookError(`module (${found.name}) is missing interpreter line`, {
      hint: `The first line of ${found.path} must name what runs it, such as #!/bin/sh.`,
    });
  }
  const interpreter = first && (await interpreterOf(first, found, services, context));
  const made = await context.sh('umask 077; mktemp -d "${TMPDIR:-/tmp}/ansible-XXXXXXXX"');
  const directory = made.stdout.toString().trim();
  if (made.rc !== 0 || directory === "") {
    throw new LayerbookError(
      `cannot make a temporary directory in the target: ${made.stderr.toString().trim()}`,
    );
  }
  const place = (name: string) => quote(`${directory}/${name}`);
  try {
    const file = place(basename(found.path));
    const text = style === "json-args" ? withArguments(code, args) : code;
    await context.sh(`umask 077; cat >${file}; chmod u+x ${file}`, { stdin: text });
    let argument = "";
    if (style !== "json-args") {
      argument = ` ${place("args")}`;
      const body = style === "key-value" ? keyValues(args) : jsonText(args);
      await context.sh(`umask 077; cat >${place("args")}`, { stdin: Buffer.from(body) });
    }
    const command = interpreter ? `${interpreter.command} ${file}` : file;
    const output = await capture(context, `${bytecode(context)}${command}${argument}`);
    return withFacts(
      parseOutput(output, interpreter?.command ?? file, context),
      interpreter ?? { command: "", facts: undefined },
    );
  } finally {
    await context.sh(`rm -rf ${quote(directory)}`);
  }
}

/** What a script's first line names, unless `ansible_NAME_interpreter` says otherwise. */
async function interpreterOf(
  line: { readonly interpreter: string; readonly args: string },
  found: FoundModule,
  services: LibraryServices,
  context: ModuleContext,
): Promise<Interpreter> {
  const viaEnv = basename(line.interpreter) === "env";
  const name = viaEnv ? (line.args.split(/\s+/)[0] ?? "") : basename(line.interpreter);
  if (/^python[\d.]*$/.test(name)) return python(found, services, context);
  const set = textOf(context.variable(`ansible_${name}_interpreter`));
  const command = set ?? line.interpreter;
  const args = set !== undefined && viaEnv ? "" : line.args;
  return { command: args === "" ? command : `${command} ${args}`, facts: undefined };
}

function withArguments(code: Buffer, args: Readonly<Record<string, Data>>): Buffer {
  return Buffer.from(
    code.toString("latin1").replaceAll(JSON_ARGS, () => latin1(jsonText(args))),
    "latin1",
  );
}

/** UTF-8 bytes, one character each. */
function latin1(text: string): string {
  return Buffer.from(text).toString("latin1");
}

function keyValues(args: Readonly<Record<string, Data>>): string {
  return Object.entries(args)
    .map(([key, value]) => `${key}=${shellWord(str(fromJson(value)))} `)
    .join("");
}

/** As Python's shlex.quote writes it: such modules read it with a parser for shell words. */
function shellWord(text: string): string {
  if (text === "") return "''";
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
}

function jsonText(value: Data): string {
  if (value instanceof PyFloat) return floatRepr(value.value);
  if (Array.isArray(value)) return `[${value.map(jsonText).join(", ")}]`;
  if (value !== null && typeof value === "object") {
    const pairs = Object.entries(value as Readonly<Record<string, Data>>);
    return `{${pairs.map(([key, item]) => `${JSON.stringify(key)}: ${jsonText(item)}`).join(", ")}}`;
  }
  return JSON.stringify(value);
}

function withFacts(result: ModuleResult, { facts }: Interpreter): ModuleResult {
  if (!facts) return result;
  return { ...result, ansible_facts: { ...result.ansible_facts, ...facts } };
}

function definedArguments(args: Arguments): Record<string, Data> {
  const defined: Record<string, Data> = {};
  for (const [key, value] of Object.entries(args)) if (value !== undefined) defined[key] = value;
  return defined;
}

/** What Ansible tells every module of the run that it is part of. */
function internalArguments(
  found: FoundModule,
  services: LibraryServices,
  context: ModuleContext,
): Record<string, Data> {
  return {
    _ansible_check_mode: context.checkMode,
    _ansible_no_log: context.noLog,
    _ansible_debug: false,
    _ansible_diff: context.diffMode,
    _ansible_verbosity: context.verbosity,
    _ansible_version: services.version,
    _ansible_module_name: found.name,
    _ansible_syslog_facility: "LOG_USER",
    _ansible_selinux_special_fs: ["fuse", "nfs", "vboxsf", "ramfs", "9p", "vfat"],
    _ansible_string_conversion_action: "warn",
    _ansible_socket: null,
    _ansible_shell_executable: "/bin/sh",
    _ansible_keep_remote_files: false,
    _ansible_tmpdir: null,
    _ansible_remote_tmp: "~/.ansible/tmp",
  };
}

export function shortName(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
