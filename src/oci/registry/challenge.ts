/**
 * What a registry asks for with status 401, and tokens from its authorisation server.
 * RFC 9110 section 11.6.1; https://distribution.github.io/distribution/spec/auth/token/
 */
import { messageOf } from "../../errors/index.ts";
import { ImageError } from "../errors.ts";

export type Challenge =
  | { readonly scheme: "basic" }
  | {
      readonly scheme: "bearer";
      readonly realm: string;
      readonly service: string | undefined;
      readonly scope: string | undefined;
    };

/** The challenge that can be answered; bearer before basic. `undefined` when there is none. */
export function parseChallenge(header: string): Challenge | undefined {
  let basic: Challenge | undefined;
  // Challenges are parted by commas, and so are their parameters: a scheme is a word without `=`.
  const parts = header.split(/,?\s*\b(?=(?:Bearer|Basic)\b)/i);
  for (const part of parts) {
    const [, scheme = "", rest = ""] = /^(\w+)\s*(.*)$/s.exec(part.trim()) ?? [];
    if (scheme.toLowerCase() === "basic") basic = { scheme: "basic" };
    if (scheme.toLowerCase() !== "bearer") continue;
    const parameters = new Map<string, string>();
    for (const [, key, quoted, bare] of rest.matchAll(
      /(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g,
    )) {
      const value = quoted === undefined ? bare : quoted.replace(/\\(.)/g, "$1");
      if (key !== undefined && value !== undefined) parameters.set(key.toLowerCase(), value);
    }
    const realm = parameters.get("realm");
    if (realm !== undefined) {
      const [service, scope] = [parameters.get("service"), parameters.get("scope")];
      return { scheme: "bearer", realm, service, scope };
    }
  }
  return basic;
}

/** The token of an authorisation server's answer. */
export function parseToken(body: Buffer, realm: string): string {
  try {
    const { token, access_token } = JSON.parse(body.toString()) as Record<string, unknown>;
    const found = token ?? access_token;
    if (typeof found === "string" && found !== "") return found;
  } catch (error) {
    throw new ImageError(`${realm} gave no token: ${messageOf(error)}`);
  }
  throw new ImageError(`${realm} gave no token`);
}
