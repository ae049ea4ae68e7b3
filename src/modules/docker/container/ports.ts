/** Published and exposed ports: `8080:80`, `127.0.0.1:53:53/udp`, `[::1]:8000-8010:80-90`. */
import { fail } from "../../lib/failure.ts";

export interface Binding {
  readonly HostIp: string;
  readonly HostPort: string;
}

/** By the container's port with its protocol, as the API has them. */
export type PortBindings = Readonly<Record<string, readonly Binding[]>>;

/** @param defaultIp address of bindings that name none */
export function publishedPorts(ports: readonly string[], defaultIp: string): PortBindings {
  const found: Record<string, Binding[]> = {};
  for (const text of ports) {
    const { spec, protocol } = withProtocol(text);
    const [, ip, rest = ""] = /^(?:(\[[^\]]*\]|[^:[\]]*):(?=[^:]*:))?(.*)$/.exec(spec) ?? [];
    const parts = rest.split(":");
    if (parts.length > 2) return fail(`published_ports: '${text}' is no port to publish`);
    const inner = portRange(parts.at(-1) ?? "", text);
    const outerText = parts.length === 2 ? (parts[0] ?? "") : "";
    const outer = outerText === "" ? inner.map(() => undefined) : portRange(outerText, text);
    // One port inside and a range outside: the daemon picks one of the range.
    const spread = inner.length === 1 && outer.length > 1;
    if (!spread && inner.length !== outer.length) {
      return fail(`published_ports: the ranges of '${text}' are not of the same length`);
    }
    inner.forEach((port, index) => {
      const HostPort = spread ? outerText : outer[index] === undefined ? "" : String(outer[index]);
      const HostIp = ip === undefined || ip === "" ? defaultIp : ip.replace(/^\[(.*)\]$/, "$1");
      const key = `${port}/${protocol}`;
      found[key] = [...(found[key] ?? []), { HostIp, HostPort }];
    });
  }
  return found;
}

/** `80`, `53/udp`, `8000-8010`: each port with its protocol. */
export function exposedPorts(ports: readonly string[]): string[] {
  return ports.flatMap((text) => {
    const { spec, protocol } = withProtocol(text);
    return portRange(spec, text).map((port) => `${port}/${protocol}`);
  });
}

function withProtocol(text: string): { spec: string; protocol: string } {
  const slash = text.lastIndexOf("/");
  if (slash < 0) return { spec: text.trim(), protocol: "tcp" };
  return { spec: text.slice(0, slash).trim(), protocol: text.slice(slash + 1).toLowerCase() };
}

function portRange(text: string, whole: string): number[] {
  const [, first, last] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  if (first === undefined) return fail(`'${whole}' is no port: '${text}' is no number or range`);
  const [from, to] = [Number(first), Number(last ?? first)];
  if (to < from || to > 65535) return fail(`'${whole}' is no port: ${text} is no range of ports`);
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
