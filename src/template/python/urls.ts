import { raise } from "./raise.ts";

/** Python's `urllib.parse`: quoting and splitting. */

/** `quote`: percent-encodes the UTF-8 bytes of all but letters, digits, `_.-~` and `safe`. */
export function quoteUrl(text: string, safe = "/"): string {
  let result = "";
  for (const byte of Buffer.from(text, "utf8")) {
    const character = String.fromCharCode(byte);
    result +=
      byte < 0x80 && (/[\w.~-]/.test(character) || safe.includes(character))
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return result;
}

/** `unquote`: what is not valid UTF-8 becomes U+FFFD. */
export function unquoteUrl(text: string): string {
  return text.replace(/(?:%[0-9a-fA-F]{2})+/g, (run) =>
    Buffer.from(run.replaceAll("%", ""), "hex").toString("utf8"),
  );
}

export interface SplitUrl {
  readonly scheme: string;
  readonly netloc: string;
  readonly path: string;
  readonly query: string;
  readonly fragment: string;
  readonly username: string | null;
  readonly password: string | null;
  readonly hostname: string | null;
  /** Raises ValueError when it is not a number up to 65535. */
  readonly port: () => number | null;
}

/** `urlsplit`. */
export function splitUrl(url: string): SplitUrl {
  let rest = url.replace(/^[\x00-\x20]+/, "").replace(/[\t\r\n]/g, "");
  let scheme = "";
  let netloc = "";
  let query = "";
  let fragment = "";
  const schemeMatch = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(rest);
  if (schemeMatch?.[1]) {
    scheme = schemeMatch[1].toLowerCase();
    rest = rest.slice(schemeMatch[0].length);
  }
  if (rest.startsWith("//")) {
    const end = rest.slice(2).search(/[/?#]/);
    netloc = end === -1 ? rest.slice(2) : rest.slice(2, end + 2);
    rest = end === -1 ? "" : rest.slice(end + 2);
    if (netloc.includes("[") !== netloc.includes("]")) raise("ValueError", "Invalid IPv6 URL");
  }
  const hash = rest.indexOf("#");
  if (hash !== -1) {
    fragment = rest.slice(hash + 1);
    rest = rest.slice(0, hash);
  }
  const mark = rest.indexOf("?");
  if (mark !== -1) {
    query = rest.slice(mark + 1);
    rest = rest.slice(0, mark);
  }
  const at = netloc.lastIndexOf("@");
  const user = at === -1 ? undefined : netloc.slice(0, at);
  const host = netloc.slice(at + 1);
  const colon = user?.indexOf(":") ?? -1;
  const bracket = /^\[(.*?)\](?::(.*))?$/.exec(host);
  const hostname = bracket ? (bracket[1] ?? "") : (host.split(":")[0] ?? "");
  const port = bracket
    ? bracket[2]
    : host.includes(":")
      ? host.slice(host.indexOf(":") + 1)
      : undefined;
  return {
    scheme,
    netloc,
    path: rest,
    query,
    fragment,
    username: user === undefined ? null : colon === -1 ? user : user.slice(0, colon),
    password: user === undefined || colon === -1 ? null : user.slice(colon + 1),
    hostname: hostname === "" ? null : lowerHost(hostname),
    port: () => {
      if (port === undefined || port === "") return null;
      if (!/^\d+$/.test(port)) {
        return raise("ValueError", `Port could not be cast to integer value as '${port}'`);
      }
      if (Number(port) > 65535) return raise("ValueError", "Port out of range 0-65535");
      return Number(port);
    },
  };
}

/** Host names ignore case, the zone of a scoped IPv6 address does not. */
function lowerHost(host: string): string {
  const zone = host.indexOf("%");
  return zone === -1 ? host.toLowerCase() : host.slice(0, zone).toLowerCase() + host.slice(zone);
}
