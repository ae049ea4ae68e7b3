/**
 * Distinguished names and general names: from arguments, to DER, and back to text.
 * @see https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.4
 * @see https://www.rfc-editor.org/rfc/rfc4514
 */
import { fail } from "../../lib/failure.ts";
import {
  child,
  children,
  type DerNode,
  decode,
  encode,
  oid,
  readOid,
  readText,
  sequence,
  setOf,
  TAG,
  tagged,
} from "./der.ts";
import { addressOf, bytesOfAddress, networkOf } from "./ip.ts";
import { longNameOf, oidOf, shortNameOf } from "./oids.ts";

/** One attribute of a name; each is a relative distinguished name of its own. */
export interface NameAttribute {
  readonly oid: string;
  readonly value: string;
}

export function attributeOid(name: string): string {
  return oidOf(name) ?? fail(`Cannot find OID for "${name}"`);
}

/** Countries and a few more are PrintableString, e-mail and domain parts IA5String. */
function stringTag(id: string): number {
  if (["2.5.4.6", "2.5.4.5", "2.5.4.46", "1.3.6.1.4.1.311.60.2.1.3"].includes(id))
    return TAG.printable;
  return ["1.2.840.113549.1.9.1", "0.9.2342.19200300.100.1.25"].includes(id) ? TAG.ia5 : TAG.utf8;
}

export function encodeName(attributes: readonly NameAttribute[]): Buffer {
  return sequence(
    ...attributes.map(({ oid: id, value }) => {
      if (id === "2.5.4.6" && value.length !== 2)
        fail("Country name must be a 2 character country code");
      return setOf(sequence(oid(id), encode(stringTag(id), Buffer.from(value))));
    }),
  );
}

export function decodeName(node: DerNode): NameAttribute[] {
  return children(node).flatMap((relative) =>
    children(relative).map((pair) => ({
      oid: readOid(child(pair, 0)),
      value: readText(child(pair, 1)),
    })),
  );
}

/** `[["commonName", "www.example.com"], ...]` */
export function orderedName(attributes: readonly NameAttribute[]): [string, string][] {
  return attributes.map(({ oid: id, value }) => [longNameOf(id), value]);
}

/** A name as text: `/CN=x/O=y` or `CN=x,O=y`; the first attribute is the most special one. */
function parseNameText(text: string): NameAttribute[] {
  const separator = text.startsWith("/") ? "/" : ",";
  const parts: string[] = [];
  let part = "";
  for (let at = separator === "/" ? 1 : 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === "\\" && at + 1 < text.length) {
      const hex = /^[0-9a-fA-F]{2}/.exec(text.slice(at + 1))?.[0];
      part += hex ? String.fromCharCode(Number.parseInt(hex, 16)) : text.charAt(at + 1);
      at += hex ? 2 : 1;
    } else if (character === separator) {
      parts.push(part);
      part = "";
    } else part += character;
  }
  parts.push(part);
  return parts
    .map((each) => {
      const at = each.indexOf("=");
      if (at < 0) fail(`Cannot parse distinguished name "${text}": "=" is missing in "${each}"`);
      return { oid: attributeOid(each.slice(0, at).trim()), value: each.slice(at + 1).trim() };
    })
    .reverse();
}

/** The most special attribute first, as RFC 4514 writes names. */
function nameText(attributes: readonly NameAttribute[]): string {
  return [...attributes]
    .reverse()
    .map(({ oid: id, value }) => `${shortNameOf(id)}=${value.replace(/[,+"\\<>;=]/g, "\\$&")}`)
    .join(",");
}

/**
 * A general name from an argument such as `DNS:www.example.com`.
 * @param what how messages call it; `constraint`: addresses are networks
 */
export function encodeGeneralName(
  text: string,
  what = "Subject Alternative Name",
  constraint = false,
): Buffer {
  const at = text.indexOf(":");
  const kind = at < 0 ? "" : text.slice(0, at);
  const value = text.slice(at + 1);
  const bad = (reason: string): never => fail(`Cannot parse ${what} "${text}": ${reason}`);
  switch (kind) {
    case "DNS":
      return tagged(2, false, Buffer.from(asciiDomain(value)));
    case "email":
      return tagged(1, false, Buffer.from(value));
    case "URI":
      return tagged(6, false, Buffer.from(value));
    case "IP": {
      const bytes = constraint ? networkOf(value) : bytesOfAddress(value);
      return tagged(7, false, bytes ?? bad(notAnAddress(value, constraint)));
    }
    case "RID":
      if (!/^[0-2](?:\.\d+)+$/.test(value)) bad("it is no object identifier");
      return encode(0x88, decode(oid(value)).content);
    case "dirName":
      return tagged(4, true, encodeName(parseNameText(value)));
    case "otherName":
      return tagged(0, true, otherName(text, value, what));
    default:
      if (at < 0) return fail(`Cannot parse ${what} "${text}" (forgot "DNS:" prefix?)`);
      return fail(
        `Cannot parse ${what} "${text}" (potentially unsupported by cryptography backend)`,
      );
  }
}

function notAnAddress(value: string, constraint: boolean): string {
  const kind = constraint ? "network" : "address";
  return `'${value}' does not appear to be an IPv4 or IPv6 ${kind}`;
}

/** Labels that are not ASCII, in their ASCII form. */
function asciiDomain(name: string): string {
  if (/^[\x00-\x7f]*$/.test(name)) return name;
  const wild = name.startsWith("*.") ? "*." : "";
  return `${wild}${new URL(`http://${name.slice(wild.length)}`).hostname}`;
}

/** `OID;UTF8:text` or `OID;0c:02:68:69` (DER as hexadecimal). */
function otherName(text: string, value: string, what: string): Buffer {
  const [id = "", content = ""] = value.split(/;(.*)/s);
  const hex = content.replaceAll(":", "");
  if (!/^[0-2](?:\.\d+)+$/.test(id) || content === "") {
    return fail(
      `Cannot parse ${what} otherName "${text}": must be in the format "otherName:OID;ASN.1 OpenSSL Encoded String" or "otherName:OID;hex string"`,
    );
  }
  const der = content.startsWith("UTF8:")
    ? encode(TAG.utf8, Buffer.from(content.slice(5)))
    : /^(?:[0-9a-fA-F]{2})+$/.test(hex)
      ? Buffer.from(hex, "hex")
      : fail(`Cannot parse ${what} otherName "${text}": only UTF8: and hexadecimal are supported`);
  return Buffer.concat([oid(id), tagged(0, true, der)]);
}

/** A general name as information shows it. */
export function generalNameText(node: DerNode): string {
  const value = node.content;
  switch (node.tag & 0x1f) {
    case 0: {
      const der = child(child({ ...node, tag: TAG.sequence }, 1), 0).whole;
      const hex = der.toString("hex").match(/../g) ?? [];
      return `otherName:${readOid(child(node, 0))};${hex.join(":")}`;
    }
    case 1:
      return `email:${value.toString()}`;
    case 2:
      return `DNS:${value.toString()}`;
    case 4:
      return `dirName:${nameText(decodeName(child(node, 0)))}`;
    case 6:
      return `URI:${value.toString()}`;
    case 7:
      return `IP:${addressOf(value)}`;
    case 8:
      return `RID:${readOid(node)}`;
    default:
      return `unknown:${value.toString("hex")}`;
  }
}
