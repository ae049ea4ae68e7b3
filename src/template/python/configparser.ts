import { raise } from "./raise.ts";

/** INI files as Python's `configparser` reads and writes them. */

export interface IniOptions {
  readonly caseSensitive?: boolean;
  readonly allowNoValue?: boolean;
  /** Expand `%(name)s`. */
  readonly interpolate?: boolean;
  /** The file's name for messages. */
  readonly source?: string;
}

/** Sections by name; "DEFAULT" is apart. A key without value has null. */
export interface Ini {
  readonly sections: ReadonlyMap<string, ReadonlyMap<string, string | null>>;
  readonly defaults: ReadonlyMap<string, string | null>;
}

/** Raises the errors of `configparser`: DuplicateOptionError, MissingSectionHeaderError, ... */
export function parseIni(text: string, options: IniOptions = {}): Ini {
  const source = options.source ?? "<string>";
  const sections = new Map<string, Map<string, string[] | null>>();
  const defaults = new Map<string, string[] | null>();
  let current: Map<string, string[] | null> | undefined;
  let name = "";
  let key: string | undefined;
  let indentOfKey = 0;
  const lines = text.split(/\r\n|\r|\n/);
  if (lines.at(-1) === "") lines.pop();
  lines.forEach((line, index) => {
    const number = index + 1;
    const isComment = /^\s*[#;]/.test(line);
    const value = isComment ? "" : line.trim();
    if (value === "") {
      // An empty line belongs to a value of several lines; a comment does not.
      const lastValue = key === undefined ? undefined : current?.get(key);
      if (!isComment && lastValue) lastValue.push("");
      return;
    }
    const indent = line.length - line.trimStart().length;
    const continued = key === undefined ? undefined : current?.get(key);
    if (continued && indent > indentOfKey) {
      continued.push(value);
      return;
    }
    indentOfKey = indent;
    const header = /^\[(.+)\]/.exec(value);
    if (header?.[1] !== undefined) {
      name = header[1];
      key = undefined;
      if (name === "DEFAULT") current = defaults;
      else {
        if (sections.has(name)) {
          raise(
            "DuplicateSectionError",
            `While reading from '${source}' [line ${String(number).padStart(2)}]: section '${name}' already exists`,
          );
        }
        current = new Map();
        sections.set(name, current);
      }
      return;
    }
    if (current === undefined) {
      raise(
        "MissingSectionHeaderError",
        `File contains no section headers.\nfile: '${source}', line: ${number}\n'${line}\\n'`,
      );
    }
    const option = /^(.*?)\s*(?:([=:])\s*(.*))?$/.exec(value);
    const rawName = option?.[1] ?? "";
    if (rawName === "" || (option?.[2] === undefined && !options.allowNoValue)) {
      raise(
        "ParsingError",
        `Source contains parsing errors: '${source}'\n\t[line ${String(number).padStart(2)}]: '${line}\\n'`,
      );
    }
    key = options.caseSensitive ? rawName.trimEnd() : rawName.trimEnd().toLowerCase();
    if (current.has(key)) {
      raise(
        "DuplicateOptionError",
        `While reading from '${source}' [line ${String(number).padStart(2)}]: option '${key}' in section '${name}' already exists`,
      );
    }
    current.set(key, option?.[2] === undefined ? null : [option[3] ?? ""]);
  });
  const finish = (raw: Map<string, string[] | null>): Map<string, string | null> =>
    new Map(
      Array.from(
        raw,
        ([k, parts]) => [k, parts === null ? null : parts.join("\n").trimEnd()] as const,
      ),
    );
  return {
    defaults: finish(defaults),
    sections: new Map(Array.from(sections, ([k, section]) => [k, finish(section)] as const)),
  };
}

/** The options of a section, the defaults included. `undefined`: there is no such section. */
export function iniSection(ini: Ini, name: string): Map<string, string | null> | undefined {
  const section = ini.sections.get(name);
  if (!section && name !== "DEFAULT") return undefined;
  return new Map([...ini.defaults, ...(section ?? [])]);
}

/** Replaces `%(name)s` by other options of the section and `%%` by `%`. */
export function interpolateIni(
  value: string,
  option: string,
  name: string,
  section: ReadonlyMap<string, string | null>,
  depth = 1,
): string {
  if (depth > 10) {
    raise(
      "InterpolationDepthError",
      `Recursion limit exceeded in value substitution: option '${option}' in section '${name}' contains an interpolation key which cannot be substituted in 10 steps. Raw value: '${value}'`,
    );
  }
  return value.replace(/%(?:(%)|\(([^)]+)\)s|(.?))/gs, (whole, percent?: string, key?: string) => {
    if (percent) return "%";
    if (key === undefined) {
      return raise(
        "InterpolationSyntaxError",
        `'%' must be followed by '%' or '(', found: '${whole}'`,
      );
    }
    const replacement = section.get(key.toLowerCase()) ?? section.get(key);
    if (replacement === undefined || replacement === null) {
      return raise(
        "InterpolationMissingOptionError",
        `Bad value substitution: option '${option}' in section '${name}' contains an interpolation key '${key}' which is not a valid option name. Raw value: '${value}'`,
      );
    }
    return interpolateIni(replacement, option, name, section, depth + 1);
  });
}
