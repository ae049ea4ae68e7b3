/** `layerbook plan`: what a build would do, and why. */

import { BuildRecords } from "../../build/build-record.ts";
import type { BuildEvent } from "../../build/events.ts";
import { type Plan, planImage } from "../../build/plan.ts";
import type { ExitCode } from "../../errors/index.ts";
import { coloursFor } from "../../report/colours.ts";
import { planText } from "../../report/plan-text.ts";
import { parseBuildFlags } from "../build-flags.ts";
import { eachBuild } from "../build-setup.ts";
import type { CommandContext } from "../command.ts";

export const summary = "show what a build would run, and why";

const DESCRIPTION =
  "Shows which tasks of a build would be replayed and which would run, and for each of those which\n" +
  "input has changed since the last build of the image. Takes the flags of 'layerbook build'. Opens no\n" +
  "container and stores nothing.";

export async function run(argv: readonly string[], context: CommandContext): Promise<ExitCode> {
  const { flags, operands } = parseBuildFlags("layerbook plan", DESCRIPTION, argv);
  if (!flags) return 0;
  const colours = coloursFor(process.stdout);
  const uncertain = new Set<string>();
  let shown = 0;
  const warn = (message: string) => process.stderr.write(`[WARNING]: ${message}\n`);
  const emit = (event: BuildEvent) => event.type === "warning" && warn(event.message);
  await eachBuild(
    { operands, flags, signal: context.signal, emit, atOnce: 1 },
    async (open, project) => {
      if (uncertain.has(project.from)) {
        uncertain.add(project.name);
        show({ image: project.name, from: project.from, rows: [], stopped: waits(project.from) });
        return undefined;
      }
      const options = await open();
      const plan = await planImage(options);
      show(plan);
      const delivered = new BuildRecords(options.store.root).last(options.name)?.delivered;
      const same = !plan.rows.some((row) => row.verdict === "run" || row.verdict === "depends");
      if (!same || !delivered) uncertain.add(project.name);
      return delivered?.reference;
    },
  );
  return 0;

  function show(plan: Plan): void {
    if (flags?.json) process.stdout.write(`${JSON.stringify(plan)}\n`);
    else {
      const width = process.stdout.columns ?? 100;
      if (shown++ > 0) process.stdout.write("\n");
      process.stdout.write(planText(plan, colours, width, (flags?.verbose ?? 0) > 0));
    }
  }
}

function waits(base: string): string {
  return `depends on '${base}', which would be built anew; will be known when that is done`;
}
