/** The flags of `layerbook build`, which `layerbook plan` takes as well. */
import { Command, Option } from "commander";
import { LAYER_POLICIES } from "../build/layering.ts";
import { type Parsed, parseFlags, repeated } from "./flags.ts";
import { DEFAULT_WORKSPACE, WORKSPACES, type WorkspaceName } from "./open-workspace.ts";

/** The flags of `layerbook build` as they were given. */
export interface BuildFlags {
  readonly from?: string;
  readonly tag: readonly string[];
  readonly to?: string;
  readonly file?: string;
  readonly extraVars: readonly string[];
  readonly inventory: readonly string[];
  readonly host?: string;
  readonly tags: readonly string[];
  readonly skipTags: readonly string[];
  readonly vaultId: readonly string[];
  readonly vaultPasswordFile: readonly string[];
  readonly askVaultPass?: boolean;
  readonly layers?: (typeof LAYER_POLICIES)[number];
  readonly services?: "defer" | "run" | "fail";
  readonly network?: "host" | "none";
  readonly on?: WorkspaceName;
  /** False for `--no-cache`. */
  readonly cache: boolean;
  /** The task of `--no-cache-from`; `true` when the flag was not given. */
  readonly noCacheFrom: string | true;
  readonly cacheFrom: readonly string[];
  readonly cacheTo: readonly string[];
  readonly insecure?: boolean;
  readonly cmd?: string;
  readonly entrypoint?: string;
  readonly env: readonly string[];
  readonly expose: readonly string[];
  readonly user?: string;
  readonly workdir?: string;
  readonly volume: readonly string[];
  readonly label: readonly string[];
  readonly author?: string;
  readonly stopSignal?: string;
  readonly store?: string;
  readonly json?: boolean;
  readonly plain?: boolean;
  readonly verbose: number;
  readonly debug?: boolean;
}

/**
 * Reads the flags of a command that describes builds.
 * @param name of the command, for help and messages
 */
export function parseBuildFlags(
  name: string,
  description: string,
  argv: readonly string[],
): Parsed<BuildFlags> {
  const command = new Command(name)
    .description(description)
    .argument("[playbook...]", "playbooks, or names of images in layerbook.yml")
    .option(
      "--from <image>",
      "base image: debian:bookworm, docker-daemon:NAME, oci-archive:FILE, mmdebstrap:SUITE, rootfs:DIR, scratch",
    )
    .option("-t, --tag <name>", "name of the image; may be repeated", repeated, [])
    .option(
      "--to <place>",
      "docker-daemon:NAME, oci:DIR, oci-archive:FILE, docker-archive:FILE (default: the daemon if one answers, else the local store)",
    )
    .option("-f, --file <path>", "project file (default: layerbook.yml)")
    .option(
      "-e, --extra-vars <vars>",
      "variables: k=v, YAML, JSON or @file; may be repeated",
      repeated,
      [],
    )
    .option(
      "-i, --inventory <path>",
      "inventory that has the image's groups and variables; may be repeated",
      repeated,
      [],
    )
    .option("--host <name>", "the host of the inventory that the image is")
    .option("--tags <tags>", "run only tasks with these tags", repeated, [])
    .option("--skip-tags <tags>", "leave out tasks with these tags", repeated, [])
    .option("--vault-id <id>", "vault identity: label@source", repeated, [])
    .option(
      "--vault-password-file <path>",
      "file or program that gives the vault's password",
      repeated,
      [],
    )
    .option("-J, --ask-vault-pass", "ask for the vault's password")
    .addOption(
      new Option(
        "--layers <policy>",
        "what becomes a layer of the image: each task, small neighbours together (auto); each task; role; play; one in all",
      ).choices(LAYER_POLICIES),
    )
    .addOption(
      new Option(
        "--services <mode>",
        "services that tasks start: leave to the container, really run, refuse",
      ).choices(["defer", "run", "fail"]),
    )
    .addOption(new Option("--network <mode>", "network of the build").choices(["host", "none"]))
    .addOption(
      new Option(
        "--on <place>",
        `where tasks run: in a sandbox of this machine, or in a container of the Docker daemon that DOCKER_HOST names (default: ${DEFAULT_WORKSPACE})`,
      ).choices(WORKSPACES),
    )
    .option("--no-cache", "replay nothing; outcomes are stored")
    .addOption(noCacheFrom())
    .option(
      "--cache-from <place>",
      "use what others have built: docker://REGISTRY/NAME:TAG or a directory; may be repeated",
      repeated,
      [],
    )
    .option("--cache-to <place>", "give this build's steps to others there", repeated, [])
    .option("--insecure", "talk to registries without TLS, or without checking certificates")
    .option("--cmd <command>", "default command: a JSON list, or text for a shell")
    .option("--entrypoint <command>", "entry point: a JSON list, or text for a shell")
    .option("--env <name=value>", "environment of the image; may be repeated", repeated, [])
    .option("--expose <port>", "port that the image serves: 80, 53/udp", repeated, [])
    .option("--user <user>", "user that containers run as")
    .option("--workdir <path>", "working directory of containers")
    .option("--volume <path>", "volume of the image", repeated, [])
    .option("--label <name=value>", "label of the image", repeated, [])
    .option("--author <text>", "author of the image")
    .option("--stop-signal <signal>", "signal that stops a container")
    .option("--store <dir>", "the store (default: LAYERBOOK_STORE, else the system's place for it)")
    .option("--json", "tell events as JSON lines")
    .option("--plain", "plain lines, as in a pipe")
    .option("-v, --verbose", "more detail: -v, -vv, -vvv", (_text, count: number) => count + 1, 0)
    .option("--debug", "stack traces of errors");
  return parseFlags<BuildFlags>(command, argv);
}

/** Apart from `--cache-from`, whose opposite it is not. */
function noCacheFrom(): Option {
  const option = new Option("--no-cache-from <task>", "replay nothing from this task on");
  option.attributeName = () => "noCacheFrom";
  return option;
}
