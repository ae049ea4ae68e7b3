/** Ranges in names of hosts: `web[01:20:2]`, `db-[a:f]`. */
import { LayerbookError } from "../errors/index.ts";

/** A range whose ends are neither numbers nor letters. */
export class RangeValueError extends LayerbookError {}

/** @throws LayerbookError for a range without end or with mixed kinds */
export function expandRanges(name: string): string[] {
  const match = /\[([^\]:]*):([^\]:]*)(?::(\d+))?\]/.exec(name);
  if (!match) return [name];
  if (match[2] === "") throw new LayerbookError(`host range must specify end value: '${name}'`);
  const head = name.slice(0, match.index);
  const tail = name.slice(match.index + match[0].length);
  const values = rangeValues(match[1] ?? "", match[2] ?? "", Number(match[3] ?? 1), name);
  return values.flatMap((value) => expandRanges(`${head}${value}${tail}`));
}

function rangeValues(begin: string, end: string, step: number, name: string): string[] {
  if (step < 1) throw new LayerbookError(`host range in '${name}' must have a step of at least 1`);
  if (/^[A-Za-z]$/.test(begin) && /^[A-Za-z]$/.test(end)) {
    return count(begin.charCodeAt(0), end.charCodeAt(0), step, name).map((code) =>
      String.fromCharCode(code),
    );
  }
  const first = begin === "" ? "0" : begin;
  if (!/^\d+$/.test(first) || !/^\d+$/.test(end)) {
    throw new RangeValueError(`host range must be numbers or single letters: '${name}'`);
  }
  const width = first.length > 1 && first.startsWith("0") ? first.length : 0;
  if (width > 0 && width !== end.length) {
    throw new LayerbookError(
      `host range must specify equal-length begin and end formats: '${name}'`,
    );
  }
  return count(Number(first), Number(end), step, name).map((value) =>
    String(value).padStart(width, "0"),
  );
}

function count(from: number, to: number, step: number, name: string): number[] {
  if (from > to) throw new LayerbookError(`host range must have begin <= end: '${name}'`);
  const values: number[] = [];
  for (let value = from; value <= to; value += step) values.push(value);
  return values;
}

/** `host:2222` and `[::1]:2222`; the name is given back whole when there is no port. */
export function splitPort(name: string): { host: string; port: number | undefined } {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(name);
  if (bracketed?.[1]?.includes(":") && /^[0-9a-fA-F:.%]+$/.test(bracketed[1])) {
    return { host: bracketed[1], port: bracketed[2] ? Number(bracketed[2]) : undefined };
  }
  const plain = /^([^:]*(?:\[[^\]]*\][^:]*)*):(\d+)$/.exec(name);
  if (plain?.[1]) return { host: plain[1], port: Number(plain[2]) };
  return { host: name, port: undefined };
}
