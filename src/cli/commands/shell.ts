/** `layerbook shell`: a command in an image, or in the state in which the last build broke. */
import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { Command, Option } from "commander";
import { resolveBase } from "../../build/base-image.ts";
import { titleOf } from "../../build/build-record.ts";
import { type FailedState, FailedStates } from "../../build/failed-state.ts";
import { StepStore } from "../../build/step-store.ts";
import { EnvironmentError, type ExitCode, LayerbookError } from "../../errors/index.ts";
import type { RunConfig } from "../../oci/image.ts";
import type { LayerId, Workspace } from "../../workspace/workspace.ts";
import type { CommandContext } from "../command.ts";
import { parseFlags } from "../flags.ts";
import { ImagePlaces } from "../image-places.ts";
import { layersUpTo, type StepOfBuild, stepOf } from "../image-stacks.ts";
import { openWorkspace, WORKSPACES, type WorkspaceName } from "../open-workspace.ts";
import { storeRoot } from "../store-root.ts";

export const summary = "a shell in an image, or where the last build failed";

interface Flags {
  readonly command?: boolean;
  readonly user?: string;
  readonly network?: "host" | "none";
  readonly on?: WorkspaceName;
  readonly insecure?: boolean;
  readonly store?: string;
}

interface Place {
  readonly stack: readonly LayerId[];
  readonly env: readonly string[];
  readonly config: RunConfig;
}

export async function run(argv: readonly string[], context: CommandContext): Promise<ExitCode> {
  const command = new Command("layerbook shell")
    .description(
      "Runs a command in a sandbox of an image; a shell, if none is given. Without an image: in the\n" +
        "state in which the last build failed. What it changes is thrown away.",
    )
    .argument(
      "[image]",
      "as for --from: web:1, oci-archive:web.tar; IMAGE:STEP of its last build: its number or name",
    )
    .usage("[options] [image] [-- command...]")
    .option("--command", "run the image's own command (its entry point and cmd)")
    .option("-u, --user <user>", "user to run as (default: root; with --command the image's own)")
    .option("--network <mode>", "network: host or none", "host")
    .addOption(
      new Option(
        "--on <place>",
        "a sandbox of this machine, or a container of the Docker daemon (default: as the failed build)",
      ).choices(WORKSPACES),
    )
    .option("--insecure", "talk to registries without TLS, or without checking certificates")
    .option(
      "--store <dir>",
      "the store (default: LAYERBOOK_STORE, else the system's place for it)",
    );
  const dashes = argv.indexOf("--");
  const own = dashes < 0 ? argv : argv.slice(0, dashes);
  const words = dashes < 0 ? [] : argv.slice(dashes + 1);
  const { flags, operands } = parseFlags<Flags>(command, own);
  if (!flags) return 0;
  const root = flags.store ? resolve(flags.store) : storeRoot();
  const [image] = operands;
  const failed = image === undefined ? new FailedStates(root).last() : undefined;
  const step = image === undefined ? undefined : stepOf(root, image);
  const workspace = await openWorkspace(flags.on ?? failed?.on ?? step?.record.on, root);
  try {
    const place =
      image === undefined
        ? failedPlace(failed)
        : step
          ? stepPlace(step)
          : await imagePlace(
              image,
              new ImagePlaces(root, flags.insecure),
              workspace,
              context.signal,
            );
    const session = await workspace.open(place.stack, {
      env: place.env,
      network: flags.network ?? "host",
      signal: context.signal,
    });
    try {
      const program = flags.command ? ownCommand(place.config, image) : words;
      const started = await session.attach(program.length > 0 ? program : shellOf(), {
        terminal: process.stdin.isTTY === true && process.stdout.isTTY === true,
        user: flags.user ?? (flags.command ? place.config.User : undefined),
        workdir: place.config.WorkingDir || undefined,
      });
      return await runAttached(started, context.signal);
    } finally {
      await session.close();
    }
  } finally {
    await workspace.close();
  }
}

/** The image's files as they were after a step of its last build. */
function stepPlace({ record, count, step }: StepOfBuild): Place {
  process.stderr.write(`${record.image}, after step ${count}, ${titleOf(step)}:\n`);
  return { stack: layersUpTo(record, count), env: record.base.env, config: {} };
}

/** bash where the image has it, else sh. */
function shellOf(): readonly string[] {
  return ["/bin/sh", "-c", "command -v bash >/dev/null && exec bash; exec sh"];
}

function failedPlace(failed: FailedState | undefined): Place {
  if (!failed) {
    throw new LayerbookError("no build has failed since the last one that succeeded", {
      hint: "Name an image: layerbook shell web:1",
    });
  }
  process.stderr.write(`${failed.image}, as the failed build left it:\n`);
  return { stack: failed.stack, env: failed.env, config: {} };
}

async function imagePlace(
  name: string,
  places: ImagePlaces,
  workspace: Workspace,
  signal: AbortSignal,
): Promise<Place> {
  try {
    const source = await places.source(name);
    const image = await resolveBase(source, new StepStore(places.root), workspace, signal);
    const config = image.config.config ?? {};
    return { stack: image.layers.map((layer) => layer.id), env: config.Env ?? [], config };
  } finally {
    places.close();
  }
}

/** @throws LayerbookError for an image that says nothing of what it runs */
function ownCommand(config: RunConfig, image: string | undefined): readonly string[] {
  const words = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  if (words.length > 0) return words;
  throw new LayerbookError(`${image ?? "the failed build"} has no command of its own`, {
    hint: "Give one: layerbook shell IMAGE -- COMMAND",
  });
}

/** The exit code is the command's own; Ctrl-C is the command's to handle. */
function runAttached(argv: readonly string[], signal: AbortSignal): Promise<ExitCode> {
  const [program = "", ...args] = argv;
  const child = spawn(program, args, { stdio: "inherit" });
  signal.addEventListener("abort", () => child.kill("SIGTERM"), { once: true });
  return new Promise((done, reject) => {
    child.on("error", (cause) =>
      reject(
        new EnvironmentError(`cannot start ${program}`, {
          hint:
            program === "docker"
              ? "Install the Docker CLI (package docker-cli or docker.io)."
              : "Install it (package util-linux).",
          cause,
        }),
      ),
    );
    child.on("exit", (code) => done((code ?? 130) as ExitCode));
  });
}
