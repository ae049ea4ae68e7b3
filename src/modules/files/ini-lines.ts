/** Options in the lines of an INI file. Comments, order and everything else stay as they are. */

export interface IniRequest {
  readonly section: string | undefined;
  readonly option: string | undefined;
  readonly values: readonly string[];
  readonly exclusive: boolean;
  readonly spaces: boolean;
  readonly ignoreSpaces: boolean;
  readonly allowsNone: boolean;
  readonly useInactive: boolean;
}

export interface IniEdit {
  readonly lines: readonly string[];
  readonly message: string;
}

/** The lines of a section: those after its head up to the next one's. */
interface Range {
  readonly from: number;
  readonly to: number;
}

function quotePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

function sectionRange(lines: readonly string[], section: string | undefined): Range | undefined {
  const isHead = (line: string) => /^\s*\[[^\]]*\]/.test(line);
  const end = (from: number) => {
    const next = lines.findIndex((line, index) => index >= from && isHead(line));
    return next < 0 ? lines.length : next;
  };
  if (section === undefined) return { from: 0, to: end(0) };
  const head = lines.findIndex((line) => line.trim().startsWith(`[${section}]`));
  return head < 0 ? undefined : { from: head + 1, to: end(head + 1) };
}

interface Found {
  readonly index: number;
  readonly value: string | undefined;
  readonly isActive: boolean;
}

function findOption(lines: readonly string[], range: Range, option: string): Found[] {
  const active = new RegExp(`^\\s*${quotePattern(option)}\\s*(?:[=:]\\s*(.*?))?\\s*$`);
  const inactive = new RegExp(`^\\s*[#;]\\s*${quotePattern(option)}\\s*(?:[=:]\\s*(.*?))?\\s*$`);
  const found: Found[] = [];
  for (let index = range.from; index < range.to; index++) {
    const line = lines[index] ?? "";
    const match = active.exec(line);
    if (match) found.push({ index, value: match[1], isActive: true });
    else {
      const asleep = inactive.exec(line);
      if (asleep) found.push({ index, value: asleep[1], isActive: false });
    }
  }
  return found;
}

function written(request: IniRequest, value: string | undefined): string {
  if (value === undefined) return `${request.option}\n`;
  const sign = request.spaces ? " = " : "=";
  return `${request.option}${sign}${value}`.trimEnd().concat("\n");
}

function bare(line: string): string {
  return line.replace(/\s/g, "");
}

/** The lines with the option set. */
export function setOption(original: readonly string[], request: IniRequest): IniEdit {
  const lines = [...original];
  if (lines.length > 0 && !lines.at(-1)?.endsWith("\n")) lines.push(`${lines.pop()}\n`);
  const { option, section } = request;
  const values: (string | undefined)[] =
    request.values.length > 0 ? [...request.values] : [undefined];
  const range = sectionRange(lines, section);
  if (!range) {
    // The original begins a new file with an empty line.
    if (lines.length === 0) lines.push("\n");
    lines.push(`[${section}]\n`);
    if (option !== undefined) lines.push(...values.map((value) => written(request, value)));
    return {
      lines,
      message: option === undefined ? "only section added" : "section and option added",
    };
  }
  if (option === undefined) return { lines: original, message: "OK" };
  const found = findOption(lines, range, option);
  const usable = found.filter(({ isActive }) => isActive || request.useInactive);
  const active = found.filter(({ isActive }) => isActive);
  const missing = values.filter((value) => !active.some((entry) => entry.value === value));
  const surplus = active.filter((entry) => !values.includes(entry.value));
  const drop = new Set<number>();
  let message = "OK";
  const replace = (index: number, value: string | undefined) => {
    const next = written(request, value);
    const now = lines[index] ?? "";
    if (now === next || (request.ignoreSpaces && bare(now) === bare(next))) return;
    lines[index] = next;
    message = "option changed";
  };
  for (const entry of active) {
    if (values.includes(entry.value)) replace(entry.index, entry.value);
  }
  const free = request.exclusive ? [...surplus] : [];
  const asleep = usable.filter(({ isActive }) => !isActive);
  let last = -1;
  const late: string[] = [];
  for (const value of missing) {
    const slot =
      asleep.find((entry) => entry.value === value) ??
      free.shift() ??
      (active.length === 0 ? asleep.shift() : undefined);
    if (slot) {
      replace(slot.index, value);
      if (slot.isActive === false)
        asleep.splice(asleep.indexOf(slot), asleep.includes(slot) ? 1 : 0);
      last = slot.index;
    } else late.push(written(request, value));
  }
  for (const entry of free) drop.add(entry.index);
  if (drop.size > 0) message = "option changed";
  if (late.length > 0) {
    let at = last >= 0 ? last + 1 : (active.at(-1)?.index ?? -1) + 1 || range.to;
    if (active.length === 0 && last < 0) {
      // Blank lines and comments at its end belong to what follows.
      while (at > range.from && /^[ \t]*(?:[#;].*)?\r?\n?$/.test(lines[at - 1] ?? "")) at--;
    }
    lines.splice(at, 0, ...late);
    message = "option added";
  }
  const kept = drop.size === 0 ? lines : lines.filter((_, index) => !drop.has(index));
  return { lines: kept, message };
}

/** The lines without the option, or without the section. */
export function removeOption(original: readonly string[], request: IniRequest): IniEdit {
  const range = sectionRange(original, request.section);
  if (!range) return { lines: original, message: "OK" };
  const { option, values } = request;
  if (option === undefined) {
    if (request.section === undefined) return { lines: original, message: "OK" };
    const lines = original.filter((_, index) => index < range.from - 1 || index >= range.to);
    return { lines, message: "section removed" };
  }
  const gone = findOption(original, range, option)
    .filter(({ isActive }) => isActive)
    .filter(({ value }) => request.exclusive || values.length === 0 || values.includes(value ?? ""))
    .map(({ index }) => index);
  if (gone.length === 0) return { lines: original, message: "OK" };
  return {
    lines: original.filter((_, index) => !gone.includes(index)),
    message: "option changed",
  };
}
