/** What a command of the command line is. One file in `commands/` each; the file's name is its name. */
import type { ExitCode } from "../errors/index.ts";

export interface CommandContext {
  /** Aborted on the first Ctrl-C; the second one kills. */
  readonly signal: AbortSignal;
  /** As it was called: `layerbook play`, or `ansible-playbook`. */
  readonly program: string;
  /** Called by the name of one of Ansible's programs: its errors are shaped as Ansible's are. */
  readonly isDropIn: boolean;
}

export interface CommandModule {
  /** One line for `layerbook --help`. */
  readonly summary: string;
  /** @param argv the arguments after the command's name */
  readonly run: (argv: readonly string[], context: CommandContext) => Promise<ExitCode>;
}
