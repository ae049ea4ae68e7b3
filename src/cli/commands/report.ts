/** `layerbook report`: a build as one HTML page. */
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { Command } from "commander";
import { BuildRecords } from "../../build/build-record.ts";
import { StepStore } from "../../build/step-store.ts";
import { type ExitCode, LayerbookError, UsageError } from "../../errors/index.ts";
import { type BuildReportModel, modelOfEvents, modelOfRecord } from "../../report/html/model.ts";
import { reportPage } from "../../report/html/page.ts";
import type { CommandContext } from "../command.ts";
import { parseFlags } from "../flags.ts";
import { shorten } from "../show-error.ts";
import { storeRoot } from "../store-root.ts";

export const summary = "write a build's report as an HTML page";

interface Flags {
  readonly events?: string;
  readonly output: string;
  readonly open?: boolean;
  readonly store?: string;
}

export async function run(argv: readonly string[], _context: CommandContext): Promise<ExitCode> {
  const command = new Command("layerbook report")
    .description(
      "Writes one HTML page that tells of a build: what was cached, run, skipped and why, layers by size,\n" +
        "the slowest tasks, the log of each. It needs nothing else to be read.",
    )
    .argument("[image]", "its last build; without it the build of this store that ended last")
    .option("--events <file>", "a file of events, as 'layerbook build --json' writes them")
    .option("-o, --output <file>", "where it goes; - for standard output", "layerbook-report.html")
    .option("--open", "show it in the browser")
    .option(
      "--store <dir>",
      "the store (default: LAYERBOOK_STORE, else the system's place for it)",
    );
  const { flags, operands } = parseFlags<Flags>(command, argv);
  if (!flags) return 0;
  const [image] = operands;
  if (flags.events !== undefined && image !== undefined) {
    throw new UsageError("an image and --events: which of the two?");
  }
  const root = flags.store ? resolve(flags.store) : storeRoot();
  const page = reportPage(
    flags.events === undefined ? ofStore(root, image) : ofEvents(flags.events),
  );
  if (flags.output === "-") {
    process.stdout.write(page);
    return 0;
  }
  try {
    writeFileSync(flags.output, page);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new LayerbookError(`cannot write ${flags.output}: ${said}`, { cause: error });
  }
  process.stdout.write(`Report ${flags.output}\n`);
  if (flags.open) await show(resolve(flags.output));
  return 0;
}

function ofStore(root: string, image: string | undefined): BuildReportModel {
  const records = new BuildRecords(root);
  const record = image === undefined ? records.latest() : records.last(image);
  if (record) return modelOfRecord(record, new StepStore(root), shorten);
  throw new LayerbookError(
    image === undefined
      ? "nothing was built in this store"
      : `${image} was not built in this store`,
    { hint: "Build it first, name the store with --store, or a file with --events." },
  );
}

function ofEvents(path: string): BuildReportModel {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`--events ${path}: the file cannot be read`, {
      cause: error,
      exitCode: 1,
    });
  }
  return modelOfEvents(text, shorten);
}

/** The desktop's own program for such files. @throws LayerbookError when there is none */
function show(path: string): Promise<void> {
  const program = process.platform === "darwin" ? "open" : "xdg-open";
  return new Promise((done, fail) => {
    const child = spawn(program, [path], { stdio: "ignore", detached: true });
    child.on("error", (cause) =>
      fail(
        new LayerbookError(`cannot start ${program}`, {
          hint: `Open ${path} in a browser.`,
          cause,
        }),
      ),
    );
    child.on("spawn", () => {
      child.unref();
      done();
    });
  });
}
