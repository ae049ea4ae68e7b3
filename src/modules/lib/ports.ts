/** TCP ports as the target sees them. */
import { connect } from "node:net";
import type { ModuleContext } from "../module.ts";
import { word } from "./bytes.ts";

/** Names of the states in /proc/net/tcp. */
const STATES: Readonly<Record<string, string>> = {
  "01": "ESTABLISHED",
  "02": "SYN_SENT",
  "03": "SYN_RECV",
  "04": "FIN_WAIT1",
  "05": "FIN_WAIT2",
  "06": "TIME_WAIT",
  "07": "CLOSE",
  "08": "CLOSE_WAIT",
  "09": "LAST_ACK",
  "0A": "LISTEN",
  "0B": "CLOSING",
};

interface Socket {
  readonly local: string;
  readonly port: number;
  readonly remote: string;
  readonly state: string;
}

/** The kernel's table of the target's TCP sockets; `undefined` where there is none to read. */
async function sockets(context: ModuleContext): Promise<Socket[] | undefined> {
  const result = await context.sh("cat /proc/net/tcp /proc/net/tcp6 2>/dev/null; :");
  const rows = result.stdout.toString().split("\n");
  if (!rows.some((row) => row.includes("local_address"))) return undefined;
  return rows.flatMap((row) => {
    const [, local, remote, state] = /^\s*\d+: (\S+) (\S+) (\S\S) /.exec(row) ?? [];
    if (local === undefined || remote === undefined || state === undefined) return [];
    const [address = "", port = "0"] = local.split(":");
    return [
      {
        local: addressOf(address),
        port: Number.parseInt(port, 16),
        remote: addressOf(remote.split(":")[0] ?? ""),
        state: STATES[state] ?? state,
      },
    ];
  });
}

/** IPv4 in dots (also when mapped into IPv6); of IPv6 only `::` and `::1` are told apart. */
function addressOf(hex: string): string {
  const words = hex.match(/.{8}/g) ?? [];
  const v4 = (text: string) =>
    (text.match(/../g) ?? [])
      .reverse()
      .map((byte) => Number.parseInt(byte, 16))
      .join(".");
  if (words.length === 1) return v4(words[0] ?? "");
  if (/^0{24}$/.test(hex.slice(0, 24))) {
    if (words[3] === "00000000") return "::";
    if (words[3] === "01000000") return "::1";
  }
  if (hex.startsWith("0000000000000000FFFF0000")) return v4(words[3] ?? "");
  return hex;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}

/** Does something accept connections there? */
export async function portOpen(
  context: ModuleContext,
  host: string,
  port: number,
  seconds: number,
): Promise<boolean> {
  if (isLoopback(host)) {
    const known = await sockets(context);
    if (known) {
      const anywhere = ["0.0.0.0", "::", "::1", "127.0.0.1", host];
      return known.some(
        (s) => s.state === "LISTEN" && s.port === port && anywhere.includes(s.local),
      );
    }
  }
  const h = word(host);
  const result = await context.sh(
    `if lb_have nc; then nc -z -w ${seconds} ${h} ${port} >/dev/null 2>&1; exit
elif lb_have bash && lb_have timeout; then timeout ${seconds} bash -c 'exec 3<>"/dev/tcp/$0/$1"' ${h} ${port} >/dev/null 2>&1; exit
fi; exit 99`,
  );
  if (result.rc !== 99) return result.rc === 0;
  return (await speak(host, port, seconds, () => true)) !== undefined;
}

/**
 * What a port says on its own.
 * @param enough ends the listening
 * @returns one character a byte; `undefined` if there was no connection
 */
export async function portSays(
  context: ModuleContext,
  host: string,
  port: number,
  seconds: number,
  enough: (text: string) => boolean,
): Promise<string | undefined> {
  const h = word(host);
  const result = await context.sh(
    `if lb_have bash && lb_have timeout; then timeout ${seconds} bash -c 'exec 3<>"/dev/tcp/$0/$1" || exit 98; cat <&3' ${h} ${port} 2>/dev/null; exit
elif lb_have nc && lb_have timeout; then timeout ${seconds} nc ${h} ${port} </dev/null 2>/dev/null; exit
fi; exit 99`,
  );
  if (result.rc === 99) return speak(host, port, seconds, enough);
  return result.rc === 98 ? undefined : result.stdout.toString("latin1");
}

/** The same from the controller. */
function speak(
  host: string,
  port: number,
  seconds: number,
  enough: (text: string) => boolean,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text: string | undefined;
    const socket = connect({ host, port });
    const end = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(text);
    };
    const timer = setTimeout(end, seconds * 1000);
    socket.on("connect", () => {
      text = "";
      if (enough(text)) end();
    });
    socket.on("data", (chunk) => {
      text = (text ?? "") + chunk.toString("latin1");
      if (enough(text)) end();
    });
    socket.on("error", end);
    socket.on("close", end);
  });
}

/** Number of connections to a port of the target in one of the states. */
export async function activeConnections(
  context: ModuleContext,
  host: string,
  port: number,
  states: readonly string[],
  excluded: readonly string[],
): Promise<number> {
  const known = (await sockets(context)) ?? [];
  const isAny = host === "0.0.0.0" || host === "::";
  return known.filter(
    (s) =>
      s.port === port &&
      states.includes(s.state) &&
      (isAny || s.local === host || isLoopback(host)) &&
      !excluded.includes(s.remote),
  ).length;
}
