/** Sizes as people write them. */
import { statfsSync } from "node:fs";
import { UsageError } from "../errors/index.ts";

const UNITS: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

/**
 * Bytes of `500MB`, `10G`, `1.5GB`, or of a share of the disk: `20%`.
 * @param disk a directory on the disk that a percentage is of
 * @throws UsageError for anything else
 */
export function parseSize(text: string, disk: string): number {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec(text.trim()) ?? [];
  if (amount !== undefined) return Math.floor(Number(amount) * (UNITS[unit.toLowerCase()] ?? 1));
  const [, percent] = /^(\d+(?:\.\d+)?)%$/.exec(text.trim()) ?? [];
  if (percent === undefined) {
    throw new UsageError(`'${text}' is no size`, {
      hint: "Write 500MB, 20GB, or 20% of the disk.",
    });
  }
  const { blocks, bsize } = statfsSync(disk);
  return Math.floor((Number(percent) / 100) * blocks * bsize);
}
