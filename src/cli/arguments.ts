/**
 * Reads the flags of the commands that stand in for Ansible's programs as those read them: long flags
 * may be shortened, short ones joined, `--` ends them, and values may begin with a dash after `=`.
 * @see https://docs.python.org/3/library/argparse.html
 */
import { UsageError } from "../errors/index.ts";
import { nearest } from "../errors/nearest.ts";

export interface FlagSpec {
  /** Every spelling; the first long one, else the first, is its name. */
  readonly names: readonly string[];
  /** What the value is called in help; absent: the flag takes none. */
  readonly value?: string;
  readonly text: string;
  /** May be given several times. */
  readonly repeats?: boolean;
  readonly choices?: readonly string[];
  readonly type?: "int";
  /** Flags of the same word exclude each other. */
  readonly excludes?: string;
  /** Accepted by Ansible, and refused here: why. */
  readonly refused?: string;
  /** Found out when the flag is used: what it means here. */
  readonly note?: string;
}

export interface OperandSpec {
  readonly name: string;
  readonly text: string;
  readonly many?: boolean;
  readonly optional?: boolean;
}

/** What a program can be given. */
export interface ProgramSpec {
  readonly summary: string;
  readonly flags: readonly FlagSpec[];
  readonly operands: readonly OperandSpec[];
  readonly epilogue?: string;
}

/** A word on the command line is wrong: the usage is shown with it, as argparse does. */
export class ArgumentError extends UsageError {
  readonly usage: string;

  constructor(message: string, usage: string, hint?: string) {
    super(message, { hint, exitCode: 2 });
    this.usage = usage;
  }
}

/** The name of a flag without its dashes: `--vault-id` is `vault-id`. */
function nameOf(flag: FlagSpec): string {
  const name = flag.names.find((word) => word.startsWith("--")) ?? flag.names[0] ?? "";
  return name.replace(/^-+/, "");
}

/** What was given, by the flags' names without dashes. */
export class Arguments {
  readonly operands: readonly string[];
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>, operands: readonly string[]) {
    this.#values = values;
    this.operands = operands;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }
  /** How often it was given. */
  count(name: string): number {
    return this.#values.get(name)?.length ?? 0;
  }
  /** The last value. */
  text(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }
  number(name: string): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : Number(text);
  }
  list(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }
}

/**
 * @param program what it is called: `ansible-playbook`, `layerbook play`
 * @returns `undefined` when help was asked for
 * @throws ArgumentError
 */
export function parseArguments(
  spec: ProgramSpec,
  argv: readonly string[],
  program: string,
): Arguments | undefined {
  const reader = new Reader(spec, program);
  return reader.read(argv);
}

class Reader {
  readonly #spec: ProgramSpec;
  readonly #program: string;
  readonly #flags = new Map<string, FlagSpec>();
  readonly #values = new Map<string, string[]>();
  readonly #operands: string[] = [];

  constructor(spec: ProgramSpec, program: string) {
    this.#spec = spec;
    this.#program = program;
    for (const flag of spec.flags) for (const name of flag.names) this.#flags.set(name, flag);
  }

  read(argv: readonly string[]): Arguments | undefined {
    const rest = [...argv];
    while (rest.length > 0) {
      const word = rest.shift() as string;
      if (word === "--") {
        this.#operands.push(...rest);
        break;
      }
      // A text with a space in it is no flag, as with argparse.
      if (!word.startsWith("-") || word === "-" || (word.includes(" ") && !word.includes("="))) {
        this.#operands.push(word);
        continue;
      }
      if (word === "-h" || word === "--help") return undefined;
      if (word.startsWith("--")) this.#long(word, rest);
      else this.#short(word, rest);
    }
    this.#checkOperands();
    return new Arguments(this.#values, this.#operands);
  }

  #long(word: string, rest: string[]): void {
    const equals = word.indexOf("=");
    const name = equals < 0 ? word : word.slice(0, equals);
    const flag = this.#flags.get(name) ?? this.#abbreviated(name, word);
    if (equals < 0) this.#take(flag, rest);
    else if (flag.value === undefined) {
      throw this.#error(
        `argument ${flag.names.join("/")}: ignored explicit argument '${word.slice(equals + 1)}'`,
      );
    } else this.#store(flag, word.slice(equals + 1));
  }

  #abbreviated(name: string, word: string): FlagSpec {
    const matches = [...this.#flags.keys()].filter((full) => full.startsWith(name));
    const found = new Set(matches.map((full) => this.#flags.get(full) as FlagSpec));
    const [only] = found;
    if (only && found.size === 1) return only;
    if (found.size > 1) {
      throw this.#error(`ambiguous option: ${name} could match ${matches.join(", ")}`);
    }
    const meant = nearest(name, this.#flags.keys());
    throw this.#error(`unrecognized arguments: ${word}`, meant && `Did you mean ${meant}?`);
  }

  /** `-vvv`, `-e@file`, `-i=hosts`, `-bK`. */
  #short(word: string, rest: string[]): void {
    for (let at = 1; at < word.length; at++) {
      if (at === 1 && word.slice(1) === "h") return;
      const flag = this.#flags.get(`-${word[at]}`);
      if (!flag) throw this.#error(`unrecognized arguments: ${word}`);
      const after = word.slice(at + 1);
      if (flag.value === undefined) {
        this.#take(flag, rest);
        continue;
      }
      if (after === "") this.#take(flag, rest);
      else this.#store(flag, after.startsWith("=") ? after.slice(1) : after);
      return;
    }
  }

  #take(flag: FlagSpec, rest: string[]): void {
    if (flag.value === undefined) {
      this.#store(flag, "");
      return;
    }
    const next = rest[0];
    const isValue =
      next !== undefined &&
      (!next.startsWith("-") || next === "-" || /^-\d+$/.test(next) || next.includes(" "));
    if (!isValue) throw this.#error(`argument ${flag.names.join("/")}: expected one argument`);
    this.#store(flag, next);
    rest.shift();
  }

  #store(flag: FlagSpec, text: string): void {
    const shown = flag.names.join("/");
    if (flag.refused !== undefined) {
      throw new UsageError(`${flag.names.at(-1)} is not supported: ${flag.refused}`);
    }
    if (flag.type === "int" && !/^\s*[+-]?\d+\s*$/.test(text)) {
      throw this.#error(`argument ${shown}: invalid int value: '${text}'`);
    }
    if (flag.choices && !flag.choices.includes(text)) {
      const choices = flag.choices.map((choice) => `'${choice}'`).join(", ");
      throw this.#error(`argument ${shown}: invalid choice: '${text}' (choose from ${choices})`);
    }
    const name = nameOf(flag);
    if (flag.excludes !== undefined) {
      const other = this.#spec.flags.find(
        (one) => one !== flag && one.excludes === flag.excludes && this.#values.has(nameOf(one)),
      );
      if (other) {
        throw this.#error(`argument ${shown}: not allowed with argument ${other.names.join("/")}`);
      }
    }
    const before = this.#values.get(name) ?? [];
    this.#values.set(name, [...before, text]);
  }

  #checkOperands(): void {
    const { operands } = this.#spec;
    const needed = operands.filter((operand) => !operand.optional);
    const missing = needed.slice(this.#operands.length).map((operand) => operand.name);
    if (missing.length > 0) {
      throw this.#error(`the following arguments are required: ${missing.join(", ")}`);
    }
    if (!operands.some((operand) => operand.many) && this.#operands.length > operands.length) {
      const extra = this.#operands.slice(operands.length);
      throw this.#error(`unrecognized arguments: ${extra.join(" ")}`);
    }
  }

  #error(message: string, hint?: string): ArgumentError {
    return new ArgumentError(
      message,
      usageOf(this.#spec, this.#program),
      hint ?? `See ${this.#program} --help.`,
    );
  }
}

const WIDTH = 80;

/** `usage: program [-h] [-v] ...`, wrapped. */
function usageOf(spec: ProgramSpec, program: string): string {
  const flags = spec.flags
    .filter((flag) => flag.refused === undefined)
    .map((flag) => `[${flag.names[0]}${flag.value === undefined ? "" : ` ${flag.value}`}]`);
  const operands = spec.operands.map((operand) => {
    const name = operand.many ? `${operand.name} [${operand.name} ...]` : operand.name;
    return operand.optional ? `[${operand.name}${operand.many ? " ..." : ""}]` : name;
  });
  const lead = `usage: ${program} `;
  const lines = [""];
  for (const part of ["[-h]", ...flags, ...operands]) {
    const line = lines.at(-1) as string;
    if (line !== "" && lead.length + line.length + part.length + 1 > WIDTH) lines.push(part);
    else lines[lines.length - 1] = line === "" ? part : `${line} ${part}`;
  }
  return `${lead}${lines.join(`\n${" ".repeat(lead.length)}`)}\n`;
}

/** The text of `--help`. */
export function helpOf(spec: ProgramSpec, program: string): string {
  const row = (name: string, text: string) => {
    const body = wrap(text, WIDTH - 24).join(`\n${" ".repeat(24)}`);
    return name.length > 20 ? `  ${name}\n${" ".repeat(24)}${body}` : `  ${name.padEnd(22)}${body}`;
  };
  const flags = [...spec.flags]
    .filter((flag) => flag.refused === undefined)
    .map((flag) => {
      const value = flag.value === undefined ? "" : ` ${flag.value}`;
      return row(flag.names.map((name) => `${name}${value}`).join(", "), flag.text);
    });
  const refused = spec.flags
    .filter((flag) => flag.refused !== undefined)
    .map((flag) => row(flag.names.join(", "), flag.refused ?? ""));
  return [
    usageOf(spec, program),
    `${spec.summary}\n`,
    ...(spec.operands.length > 0
      ? ["positional arguments:", ...spec.operands.map((o) => row(o.name, o.text)), ""]
      : []),
    "options:",
    row("-h, --help", "show this help"),
    ...flags,
    ...(refused.length > 0 ? ["", "options of Ansible that are refused here:", ...refused] : []),
    ...(spec.epilogue ? ["", spec.epilogue] : []),
    "",
  ].join("\n");
}

function wrap(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) as string;
    if (line !== "" && line.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines;
}
