/** What a command of the command line is. One file in `commands/` each; the file's name is its name. */
import type { ExitCode } from "../errors/index.ts";

export interface CommandContext {
  /** Aborted on the first Ctrl-C; the second one kills. */
  readonly signal: AbortSignal;
}

export interface CommandModule {
  /** One line for `layerbook --help`. */
  readonly summary: string;
  /** @param argv the arguments after the command's name */
  readonly run: (argv: readonly string[], context: CommandContext) => Promise<ExitCode>;
}
