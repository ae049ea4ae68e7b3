/**
 * `community.docker.docker_compose_v2`, through the installed Docker Compose.
 * @see https://docs.ansible.com/ansible/latest/collections/community/docker/docker_compose_v2_module.html
 */

import { stringify } from "yaml";
import { quote } from "../../connection/connection.ts";
import { fail, failing } from "../lib/failure.ts";
import { flagOption, listOption, numberOption, textOption } from "../lib/option-values.ts";
import type { Arguments, Data, ModuleContext, ModuleSpec } from "../module.ts";
import { composeEvents } from "./compose/events.ts";
import { DAEMON_OPTIONS } from "./lib/daemon-options.ts";
import { asData, isObject } from "./lib/json.ts";

export const spec = {
  name: "community.docker.docker_compose_v2",
  summary: "Manages projects of Docker Compose",
  options: {
    ...DAEMON_OPTIONS,
    project_src: { type: "path", description: "Folder of the project, on the target." },
    project_name: { type: "str", description: "Name of the project." },
    files: { type: "list", elements: "path", description: "Compose files, in `project_src`." },
    definition: { type: "dict", description: "The compose file itself." },
    env_files: { type: "list", elements: "path", description: "Files with environment." },
    profiles: { type: "list", elements: "str", description: "Profiles." },
    check_files_existing: {
      type: "bool",
      default: true,
      description: "Look first whether there is a compose file.",
    },
    state: {
      type: "str",
      choices: ["absent", "present", "stopped", "restarted"],
      default: "present",
      description: "What is to be.",
    },
    pull: {
      type: "str",
      choices: ["always", "missing", "never", "policy"],
      default: "policy",
      description: "When images are pulled.",
    },
    build: {
      type: "str",
      choices: ["always", "never", "policy"],
      default: "policy",
      description: "When images are built.",
    },
    dependencies: { type: "bool", default: true, description: "Start linked services, too." },
    ignore_build_events: { type: "bool", default: true, description: "Builds are no change." },
    recreate: {
      type: "str",
      choices: ["always", "never", "auto"],
      default: "auto",
      description: "When containers are made anew.",
    },
    renew_anon_volumes: { type: "bool", default: false, description: "New anonymous volumes." },
    remove_images: {
      type: "str",
      choices: ["all", "local"],
      description: "With absent: images, too.",
    },
    remove_volumes: { type: "bool", default: false, description: "With absent: volumes, too." },
    remove_orphans: { type: "bool", default: false, description: "Remove other containers." },
    timeout: { type: "int", description: "Seconds until a container is killed." },
    services: { type: "list", elements: "str", description: "Only these services." },
    scale: { type: "dict", description: "How many containers of each service." },
    wait: { type: "bool", default: false, description: "Wait until services run and are healthy." },
    wait_timeout: { type: "int", description: "Seconds to wait." },
    assume_yes: { type: "bool", default: false, description: "Ask nothing." },
  },
  mutuallyExclusive: [
    ["definition", "project_src"],
    ["definition", "files"],
  ],
  requiredOneOf: [["definition", "project_src"]],
  requiredBy: { definition: ["project_name"] },
  checkMode: "full",
  diff: false,
  effect: "talk",
  volatile: true,
  returns: {
    actions: "What Compose did: what, id, status.",
    containers: "Containers of the project.",
    images: "Images of the project.",
    stdout: "What Compose wrote.",
    stderr: "What Compose wrote to standard error.",
  },
} as const satisfies ModuleSpec;

export const run = failing(async (context: ModuleContext, args: Arguments) => {
  const folder = await projectFolder(context, args);
  try {
    const base = await composeCommand(context, args, folder.path);
    const outcome = await context.sh(`${base} ${verbWords(context, args).map(quote).join(" ")}`);
    const stdout = outcome.stdout.toString();
    const stderr = outcome.stderr.toString();
    const actions = composeEvents(stderr);
    const ignored = flagOption(args, "ignore_build_events") === true;
    const changed = actions.some(({ status }) => status !== "Building" || !ignored);
    const shown = { actions: actions as unknown as Data, stdout, stderr };
    if (outcome.rc !== 0) {
      const why = stderr.trim().split("\n").slice(-5).join("\n");
      return fail(`Error when processing the project: ${why}`, { ...shown, rc: outcome.rc });
    }
    return {
      changed,
      ...shown,
      containers: await listed(context, `${base} ps --all --no-trunc --format json`),
      images: await listed(context, `${base} images --format json`),
    };
  } finally {
    if (folder.temporary) await context.sh(`rm -rf -- ${quote(folder.path)}`);
  }
});

async function projectFolder(context: ModuleContext, args: Arguments) {
  const source = textOption(args, "project_src");
  if (source !== undefined) {
    const names = listOption(args, "files") ?? [];
    const usual = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];
    const test = (names.length > 0 ? names : usual).map((name) => `-e ${quote(name)}`);
    const joined = names.length > 0 ? test.join(" -a ") : test.join(" -o ");
    const found = await context.sh(`cd -- ${quote(source)} && [ ${joined} ]`);
    if (found.rc !== 0 && flagOption(args, "check_files_existing") !== false) {
      fail(
        `"${source}" is no folder with a compose file (${(names.length > 0 ? names : usual).join(", ")})`,
      );
    }
    return { path: source, temporary: false };
  }
  const text = stringify(args.definition);
  const made = await context.sh(
    'umask 077; d=$(mktemp -d) && cat >"$d/compose.yaml" && printf %s "$d"',
    { stdin: Buffer.from(text) },
  );
  if (made.rc !== 0) fail(`cannot write the definition: ${made.stderr.toString().trim()}`);
  return { path: made.stdout.toString(), temporary: true };
}

/** `docker ... compose ...` with all that stands before the verb. */
async function composeCommand(context: ModuleContext, args: Arguments, folder: string) {
  const version = await context.sh("docker compose version --short");
  if (version.rc !== 0) {
    fail("Docker Compose is not installed on the target: `docker compose version` fails");
  }
  const words = ["docker"];
  const word = (flag: string, value: string | undefined) => {
    if (value !== undefined) words.push(flag, value);
  };
  word("--host", textOption(args, "docker_host"));
  if (flagOption(args, "validate_certs")) words.push("--tlsverify");
  else if (flagOption(args, "tls")) words.push("--tls");
  word("--tlscacert", textOption(args, "ca_path"));
  word("--tlscert", textOption(args, "client_cert"));
  word("--tlskey", textOption(args, "client_key"));
  words.push("compose", "--ansi", "never");
  if (Number(/^v?2\.(\d+)/.exec(version.stdout.toString())?.[1] ?? 99) >= 19) {
    words.push("--progress", "plain");
  }
  words.push("--project-directory", folder);
  word("--project-name", textOption(args, "project_name"));
  for (const file of listOption(args, "files") ?? []) {
    word("--file", file.startsWith("/") ? file : `${folder}/${file}`);
  }
  for (const file of listOption(args, "env_files") ?? []) word("--env-file", file);
  for (const profile of listOption(args, "profiles") ?? []) word("--profile", profile);
  return `cd -- ${quote(folder)} && ${words.map(quote).join(" ")}`;
}

function verbWords(context: ModuleContext, args: Arguments): string[] {
  const dry = context.checkMode ? ["--dry-run"] : [];
  const services = listOption(args, "services") ?? [];
  const seconds = numberOption(args, "timeout");
  const timeout = seconds === undefined ? [] : ["--timeout", String(seconds)];
  const is = (option: string, ...words: string[]) => (flagOption(args, option) ? words : []);
  switch (textOption(args, "state")) {
    case "absent": {
      const images = textOption(args, "remove_images");
      return [
        ...dry,
        "down",
        ...is("remove_orphans", "--remove-orphans"),
        ...(images === undefined ? [] : ["--rmi", images]),
        ...is("remove_volumes", "--volumes"),
        ...timeout,
        "--",
        ...services,
      ];
    }
    case "stopped":
      return [...dry, "stop", ...timeout, "--", ...services];
    case "restarted": {
      const alone = flagOption(args, "dependencies") === false ? ["--no-deps"] : [];
      return [...dry, "restart", ...alone, ...timeout, "--", ...services];
    }
    default:
      return [
        ...dry,
        "up",
        "--detach",
        "--no-color",
        "--quiet-pull",
        ...upWords(args),
        ...timeout,
        "--",
        ...services,
      ];
  }
}

function upWords(args: Arguments): string[] {
  const words: string[] = [];
  const pull = textOption(args, "pull");
  if (pull !== "policy" && pull !== undefined) words.push("--pull", pull);
  const build = textOption(args, "build");
  if (build === "always") words.push("--build");
  if (build === "never") words.push("--no-build");
  const recreate = textOption(args, "recreate");
  if (recreate === "always") words.push("--force-recreate");
  if (recreate === "never") words.push("--no-recreate");
  if (flagOption(args, "dependencies") === false) words.push("--no-deps");
  if (flagOption(args, "remove_orphans")) words.push("--remove-orphans");
  if (flagOption(args, "renew_anon_volumes")) words.push("--renew-anon-volumes");
  if (flagOption(args, "assume_yes")) words.push("--yes");
  if (flagOption(args, "wait")) words.push("--wait");
  const wait = numberOption(args, "wait_timeout");
  if (wait !== undefined) words.push("--wait-timeout", String(wait));
  for (const [service, count] of Object.entries(isObject(args.scale) ? args.scale : {})) {
    words.push("--scale", `${service}=${count}`);
  }
  return words;
}

/** Old versions write one list, new ones one object a line. */
async function listed(context: ModuleContext, command: string): Promise<Data> {
  const { rc, stdout } = await context.sh(command);
  const text = stdout.toString().trim();
  if (rc !== 0 || text === "") return [];
  try {
    if (text.startsWith("[")) return asData(JSON.parse(text));
    return text.split("\n").map((line) => asData(JSON.parse(line)));
  } catch {
    return [];
  }
}
