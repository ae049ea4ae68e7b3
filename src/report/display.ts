/**
 * Where the words of Ansible's programs go: standard output, standard error and the log, coloured and
 * broken at the terminal's width as Ansible does it.
 */
import { appendFileSync } from "node:fs";
import type { EngineSettings } from "../engine/settings.ts";
import type { SettingName } from "../engine/settings-table.ts";
import { wrapText } from "../template/python/textwrap.ts";
import { coloured, TONES, type Tone } from "./ansi.ts";
import { displayWidth } from "./build-rows.ts";

export interface DisplayOptions {
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  readonly colour: boolean;
  /** Columns of the terminal less one; 79 at least. */
  readonly columns: number;
  readonly verbosity: number;
  readonly deprecations: boolean;
  /** Also gets each line, without colours. */
  readonly log?: ((text: string) => void) | undefined;
  readonly tones?: Partial<Readonly<Record<Tone, string>>>;
  /** What `-v` adds goes to standard error. */
  readonly verboseToError?: boolean;
}

export class Display {
  readonly options: DisplayOptions;
  readonly #said = new Set<string>();

  constructor(options: DisplayOptions) {
    this.options = options;
  }

  get verbosity(): number {
    return this.options.verbosity;
  }

  /** A text in a tone, where there are colours. */
  paint(text: string, tone: Tone | undefined): string {
    if (tone === undefined || !this.options.colour) return text;
    return coloured(text, this.options.tones?.[tone] ?? TONES[tone]);
  }

  /** Writes a line to standard output. */
  show(text: string, tone?: Tone): void {
    if (tone === "verbose" && this.options.verboseToError) this.showError(text, tone);
    else this.#write(this.options.write, text, tone);
  }

  /** Writes a line to standard error. */
  showError(text: string, tone?: Tone): void {
    this.#write(this.options.writeError, text, tone);
  }

  #write(write: (text: string) => void, text: string, tone: Tone | undefined): void {
    const end = text.endsWith("\n") ? "" : "\n";
    write(`${this.paint(text, tone)}${end}`);
    this.options.log?.(`${text}${end}`);
  }

  /** A heading, filled up with stars. */
  banner(text: string): void {
    const stars = Math.max(3, this.options.columns - displayWidth(text.trim()));
    this.show(`\n${text.trim()} ${"*".repeat(stars)}`);
  }

  /** The same warning is given once. */
  warn(message: string): void {
    this.#once(this.wrapped(`[WARNING]: ${message}`), "warn");
  }

  deprecate(message: string): void {
    if (!this.options.deprecations) return;
    this.#once(
      this.wrapped(
        `[DEPRECATION WARNING]: ${message} Deprecation warnings can be disabled by setting deprecation_warnings=False in ansible.cfg.`,
      ),
      "deprecate",
    );
  }

  #once(text: string, tone: Tone): void {
    if (this.#said.has(text)) return;
    this.#said.add(text);
    this.showError(text, tone);
  }

  /** White space is one space each; lines are at most as wide as the terminal. */
  wrapped(text: string): string {
    const flat = text.replaceAll("\t", "        ").replaceAll(/[\n\v\f\r]/g, " ");
    return wrapText(flat, {
      width: this.options.columns,
      breakLongWords: true,
      breakOnHyphens: true,
    }).join("\n");
  }
}

/** The display of a program that was given these settings. */
export function openDisplay(settings: EngineSettings, verbosity: number): Display {
  const { stdout, stderr } = process;
  const colour =
    settings.bool("ANSIBLE_FORCE_COLOR") ||
    (!settings.bool("ANSIBLE_NOCOLOR") && stdout.isTTY === true);
  const logPath = settings.text("DEFAULT_LOG_PATH");
  return new Display({
    write: (text) => stdout.write(text),
    writeError: (text) => stderr.write(text),
    colour,
    columns: Math.max(79, stdout.isTTY ? (stdout.columns ?? 0) - 1 : 0),
    verbosity,
    deprecations: settings.bool("DEPRECATION_WARNINGS"),
    tones: tonesOf(settings),
    ...(settings.bool("VERBOSE_TO_STDERR") && { verboseToError: true }),
    log: logPath === undefined ? undefined : (text) => appendLog(logPath, text),
  });
}

function tonesOf(settings: EngineSettings): Readonly<Record<Tone, string>> {
  const tones = { ...TONES };
  for (const tone of Object.keys(TONES) as Tone[]) {
    const name = `COLOR_${tone.toUpperCase()}` as SettingName;
    tones[tone] = settings.text(name) ?? tones[tone];
  }
  return tones;
}

/** One entry a line, with the time, as Python's logging writes it. */
function appendLog(path: string, text: string): void {
  const now = new Date();
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  const time = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
  const user = process.env.USER ?? process.env.LOGNAME ?? "root";
  const stamp = `${day} ${time},${String(now.getMilliseconds()).padStart(3, "0")}`;
  appendFileSync(path, `${stamp} p=${process.pid} u=${user} n=ansible | ${text}`);
}
