/** What is in a directory of the controller. */
import { readdir, readlink, realpath, stat } from "node:fs/promises";
import { join } from "node:path";

export interface LocalEntry {
  /** Relative to the directory. */
  readonly name: string;
  readonly path: string;
  readonly type: "file" | "directory" | "link";
  /** Permission bits. */
  readonly mode: number;
  readonly size: number;
  /** Of a link: what it holds. */
  readonly target?: string;
}

/**
 * Everything below a directory, sorted by name, directories before what is in them.
 * @param follow whether links count as what they lead to; links to nothing and loops stay links
 */
export async function walkLocal(root: string, follow: boolean): Promise<LocalEntry[]> {
  const entries: LocalEntry[] = [];
  await walk(root, "", follow, [await realpath(root)], entries);
  return entries;
}

async function walk(
  root: string,
  prefix: string,
  follow: boolean,
  above: readonly string[],
  entries: LocalEntry[],
): Promise<void> {
  const listed = await readdir(join(root, prefix), { withFileTypes: true });
  listed.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const item of listed) {
    const name = prefix === "" ? item.name : `${prefix}/${item.name}`;
    const path = join(root, name);
    const found = await stat(path).catch(() => undefined);
    const real = item.isSymbolicLink() && found?.isDirectory() ? await realpath(path) : undefined;
    const loops = real !== undefined && above.includes(real);
    if (item.isSymbolicLink() && (!follow || !found || loops)) {
      const target = await readlink(path);
      entries.push({ name, path, type: "link", mode: 0o777, size: 0, target });
    } else if (found?.isDirectory()) {
      entries.push({ name, path, type: "directory", mode: found.mode & 0o7777, size: 0 });
      await walk(root, name, follow, real ? [...above, real] : above, entries);
    } else if (found?.isFile()) {
      entries.push({ name, path, type: "file", mode: found.mode & 0o7777, size: found.size });
    }
  }
}
