/** The command line: finds the command, runs it, turns what it throws into words and an exit code. */
import { type ExitCode, UsageError } from "../errors/index.ts";
import { nearest } from "../errors/nearest.ts";
import { coloursFor } from "../report/colours.ts";
import { onLongRender } from "../template/long-render.ts";
import { COMMANDS } from "./commands.generated.ts";
import { DROP_INS, dropInName, versionText } from "./drop-in.ts";
import { describeError, exitCodeOf } from "./show-error.ts";

declare const LAYERBOOK_VERSION: string;

const dropIn = dropInName(process.argv[1]);

async function main(argv: readonly string[]): Promise<ExitCode> {
  const called = dropIn === undefined ? undefined : DROP_INS[dropIn];
  const [name, ...rest] = called === undefined ? argv : [called, ...argv];
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(await overview());
    return name === undefined ? 5 : 0;
  }
  if (name === "--version") {
    process.stdout.write(`layerbook ${LAYERBOOK_VERSION}\n`);
    return 0;
  }
  const load = COMMANDS[name];
  if (!load) {
    const meant = nearest(name, Object.keys(COMMANDS));
    throw new UsageError(`there is no command '${name}'`, {
      hint: meant ? `Did you mean 'layerbook ${meant}'?` : "See layerbook --help.",
    });
  }
  if (dropIn !== undefined && rest.includes("--version")) {
    const { loadSettings } = await import("../engine/settings.ts");
    process.stdout.write(versionText(dropIn, process.argv[1] ?? dropIn, loadSettings()));
    return 0;
  }
  const command = await load();
  return command.run(rest, {
    signal: interruptSignal(),
    program: dropIn ?? `layerbook ${name}`,
    isDropIn: dropIn !== undefined,
  });
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * The first Ctrl-C asks the command to end; the second one ends the process. While a template is being
 * rendered for long nobody could hear it: then the first one ends the process too.
 */
function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(new UsageError("interrupted", { exitCode: 99 }));
  };
  const listen = () => {
    for (const signal of SIGNALS) process.on(signal, interrupt);
  };
  onLongRender({
    begin: () => {
      for (const signal of SIGNALS) process.off(signal, interrupt);
    },
    end: listen,
  });
  listen();
  return controller.signal;
}

async function overview(): Promise<string> {
  const rows: string[] = [];
  for (const [name, load] of Object.entries(COMMANDS)) {
    rows.push(`  ${name.padEnd(12)} ${(await load()).summary}`);
  }
  return `Layerbook delivers containers with Ansible playbooks.

Usage: layerbook COMMAND [OPTIONS]      layerbook COMMAND --help

${rows.join("\n")}

  layerbook build site.yml --from debian:bookworm -t web:1
`;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const debug = process.argv.includes("--debug");
    const colours = coloursFor(process.stderr);
    process.stderr.write(describeError(error, { colours, debug, dropIn }));
    process.exitCode = exitCodeOf(error, dropIn);
  },
);
