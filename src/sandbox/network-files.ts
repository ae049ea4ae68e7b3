/** `/etc/resolv.conf` and `/etc/hosts` of a container. */
import { readFileSync } from "node:fs";

const OF_HOST = "/etc/resolv.conf";
/** What systemd-resolved asks itself; {@link OF_HOST} then names the resolver on a loopback address. */
const BEHIND_RESOLVED = "/run/systemd/resolve/resolv.conf";

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/**
 * The controller's own name servers. With the controller's network its loopback resolver
 * (127.0.0.53) can be reached; without a network there is nothing to ask.
 */
export function resolvConf(network: "host" | "none"): string {
  if (network === "none") return "";
  const own = read(OF_HOST);
  return own && /^\s*nameserver\s/m.test(own) ? own : (read(BEHIND_RESOLVED) ?? own ?? "");
}

/** The controller's names, so that what it reaches by name the container does too; and its own. */
export function hostsFile(network: "host" | "none", hostname: string): string {
  const loopback = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";
  const own = network === "host" ? (read("/etc/hosts") ?? loopback) : loopback;
  const text = own.endsWith("\n") || own === "" ? own : `${own}\n`;
  // sudo looks its own machine up.
  return `${text}127.0.1.1\t${hostname}\n`;
}
