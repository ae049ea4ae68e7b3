/**
 * `community.docker.docker_container_exec`.
 * @see https://docs.ansible.com/ansible/latest/collections/community/docker/docker_container_exec_module.html
 */
import { DockerError } from "../../docker/index.ts";
import { splitShell } from "../../template/python/shlex.ts";
import { fail } from "../lib/failure.ts";
import { flagOption, listOption, textOption } from "../lib/option-values.ts";
import type { ModuleSpec } from "../module.ts";
import { withDaemon } from "./lib/daemon.ts";
import { DAEMON_OPTIONS } from "./lib/daemon-options.ts";
import { isObject } from "./lib/json.ts";

export const spec = {
  name: "community.docker.docker_container_exec",
  summary: "Runs a command in a container",
  options: {
    ...DAEMON_OPTIONS,
    container: { type: "str", required: true, description: "Name or id of the container." },
    argv: { type: "list", elements: "str", description: "The command as a list of words." },
    command: { type: "str", description: "The command as a text, split as a shell does." },
    chdir: { type: "str", description: "Directory to run in." },
    detach: { type: "bool", default: false, description: "Do not wait for its end." },
    env: { type: "dict", description: "Further environment." },
    stdin: { type: "str", description: "Its input." },
    stdin_add_newline: {
      type: "bool",
      default: true,
      description: "End the input with a newline.",
    },
    strip_empty_ends: {
      type: "bool",
      default: true,
      description: "Take newlines off the ends of what it wrote.",
    },
    tty: { type: "bool", default: false, description: "Give it a terminal." },
    user: { type: "str", description: "User, or user:group." },
  },
  mutuallyExclusive: [["argv", "command"]],
  requiredOneOf: [["argv", "command"]],
  checkMode: "skip",
  diff: false,
  effect: "talk",
  returns: {
    stdout: "What it wrote.",
    stderr: "What it wrote to standard error.",
    rc: "Its exit code.",
    exec_id: "Id of the exec, with detach=true.",
  },
} as const satisfies ModuleSpec;

export const run = withDaemon(async ({ client }, context, args) => {
  const container = textOption(args, "container") ?? "";
  const argv = listOption(args, "argv") ?? splitShell(textOption(args, "command") ?? "");
  const env = Object.entries(isObject(args.env) ? args.env : {}).map(([name, value]) => {
    if (typeof value === "string") return `${name}=${value}`;
    return fail(
      `the value of env '${name}' is no text: put it in quotes, so that it is clear what is meant`,
    );
  });
  const options = {
    user: textOption(args, "user"),
    workdir: textOption(args, "chdir"),
    env,
    tty: flagOption(args, "tty") ?? false,
    signal: context.signal,
  };
  const given = textOption(args, "stdin");
  const newline = flagOption(args, "stdin_add_newline") ? "\n" : "";
  try {
    if (flagOption(args, "detach")) {
      if (given !== undefined) return fail("If detach=true, stdin cannot be provided.");
      return { changed: true, exec_id: await client.exec.detached(container, argv, options) };
    }
    const input = given === undefined ? undefined : Buffer.from(`${given}${newline}`);
    const outcome = await client.exec.run(container, argv, {
      ...options,
      ...(input === undefined ? {} : { input }),
    });
    const text = (bytes: Buffer) => {
      const written = bytes.toString("utf8");
      return flagOption(args, "strip_empty_ends") ? written.replace(/[\r\n]+$/, "") : written;
    };
    const { stdout, stderr, exitCode } = outcome;
    return { changed: true, stdout: text(stdout), stderr: text(stderr), rc: exitCode };
  } catch (error) {
    if (!(error instanceof DockerError)) throw error;
    if (error.status === 404) return fail(`Could not find container "${container}"`);
    if (error.status === 409 && /paused/.test(error.daemonMessage)) {
      return fail(`The container "${container}" has been paused (${error.daemonMessage})`);
    }
    throw error;
  }
});
