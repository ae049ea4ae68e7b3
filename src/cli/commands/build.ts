/** `layerbook build`: playbooks and a base image to an image. */
import type { ExitCode } from "../../errors/index.ts";
import { parseBuildFlags } from "../build-flags.ts";
import { runBuilds } from "../build-setup.ts";
import type { CommandContext } from "../command.ts";

export const summary = "make an image from playbooks";

const DESCRIPTION =
  "Runs playbooks against a base image and makes an image of the result, one cached layer a task.\n" +
  "Without a playbook it reads layerbook.yml.";

export async function run(argv: readonly string[], context: CommandContext): Promise<ExitCode> {
  const { flags, operands } = parseBuildFlags("layerbook build", DESCRIPTION, argv);
  if (!flags) return 0;
  return runBuilds(operands, flags, context.signal);
}
