/** Lines of sources.list(5). */

export interface SourceLine {
  readonly enabled: boolean;
  /** The source with single spaces and without its comment; `undefined` for other lines. */
  readonly source: string | undefined;
  readonly comment: string;
  readonly text: string;
}

/** `deb` or `deb-src`, options, URI, suite and components, in single spaces; `undefined` if it is none. */
export function normalizeSource(text: string): string | undefined {
  const match = /^(deb|deb-src)\s+(?:\[\s*([^\]]*?)\s*\]\s+)?(\S+)((?:\s+\S+)*)\s*$/.exec(
    text.trim(),
  );
  if (!match) return undefined;
  const [, type, options, uri, rest = ""] = match;
  const words = rest.trim().split(/\s+/).filter(Boolean);
  if (words.length === 0) return undefined;
  return [type, ...(options ? [`[${options.split(/\s+/).join(" ")}]`] : []), uri, ...words].join(
    " ",
  );
}

export function parseSourceLine(text: string): SourceLine {
  const disabled = /^\s*#+\s*(?=deb)/.exec(text);
  const body = disabled ? text.slice(disabled[0].length) : text;
  const hash = body.indexOf("#");
  const source = normalizeSource(hash < 0 ? body : body.slice(0, hash));
  return {
    enabled: !disabled,
    source,
    comment: hash < 0 ? "" : body.slice(hash + 1).trim(),
    text,
  };
}

/** Name of the file under sources.list.d that a new line goes to. */
export function suggestFilename(source: string): string {
  const bare = source.replace(/\[[^\]]+\]/g, "").replace(/\w+:\/\//g, "");
  const [first = ""] = bare.split(/\s+/).filter((word) => word && !/^(deb|deb-src)$/.test(word));
  const host = first.includes("@") ? first.slice(first.indexOf("@") + 1) : first;
  return `${host
    .replace(/[^a-zA-Z0-9]/g, " ")
    .trim()
    .split(/\s+/)
    .join("_")}.list`;
}
