/** Public keys in the format of SSH. @see https://www.rfc-editor.org/rfc/rfc4253#section-6.6 */
import type { KeyObject } from "node:crypto";
import { child, children, decode } from "./der.ts";
import { curveOf, publicBits, spki, typeOf } from "./keys.ts";

const CURVES: Readonly<Record<string, string>> = {
  secp256r1: "nistp256",
  secp384r1: "nistp384",
  secp521r1: "nistp521",
};

/** Strings of bytes, each after its length. */
function strings(...parts: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = typeof part === "string" ? Buffer.from(part) : part;
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}

/** One line without comment and newline; `undefined` for keys that SSH does not have. */
export function opensshPublicKey(key: KeyObject): string | undefined {
  const bits = publicBits(key);
  const line = (name: string, blob: Buffer) => `${name} ${blob.toString("base64")}`;
  switch (typeOf(key)) {
    case "RSA": {
      const [modulus, exponent] = children(decode(bits)).map(({ content }) => content);
      return line("ssh-rsa", strings("ssh-rsa", exponent ?? "", modulus ?? ""));
    }
    case "DSA": {
      const numbers = children(child(child(decode(spki(key)), 0), 1)).map((n) => n.content);
      return line("ssh-dss", strings("ssh-dss", ...numbers, decode(bits).content));
    }
    case "ECC": {
      const curve = CURVES[curveOf(key) ?? ""];
      if (curve === undefined) return undefined;
      const name = `ecdsa-sha2-${curve}`;
      return line(name, strings(name, curve, bits));
    }
    case "Ed25519":
      return line("ssh-ed25519", strings("ssh-ed25519", bits));
    default:
      return undefined;
  }
}
