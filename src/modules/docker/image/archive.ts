/** Images as archives on the machine where the task runs. */
import { quote } from "../../../connection/connection.ts";
import { DockerError } from "../../../docker/index.ts";
import { messageOf } from "../../../errors/index.ts";
import { fail } from "../../lib/failure.ts";
import type { ModuleContext } from "../../module.ts";
import type { Daemon } from "../lib/daemon.ts";
import { isObject, listAt, textAt } from "../lib/json.ts";

/** Gives an archive to the daemon. Answers what the daemon says it has loaded. */
export async function loadArchive(
  daemon: Daemon,
  context: ModuleContext,
  path: string,
): Promise<{ readonly names: string[]; readonly ids: string[]; readonly stdout: string }> {
  const file = await daemon.absolute(path);
  const test = await context.sh(`test -f ${quote(file)} && test -r ${quote(file)}`);
  if (test.rc !== 0)
    return fail(`Error opening image ${path} - no such file, or it may not be read`);
  const archive = await daemon.program(`exec cat -- ${quote(file)}`);
  archive.end();
  let said: readonly string[];
  try {
    said = await daemon.client.images.load(archive, context.signal);
  } catch (error) {
    if (!(error instanceof DockerError)) throw error;
    return fail(`Error loading image from ${path} - ${error.daemonMessage}`);
  }
  const stdout = said.join("");
  const all = (pattern: RegExp) => [...stdout.matchAll(pattern)].map(([, found]) => found ?? "");
  return {
    stdout: stdout.trimEnd(),
    names: all(/^Loaded image: (\S+)$/gm),
    ids: all(/^Loaded image ID: (\S+)$/gm),
  };
}

/** Ids and names of the images in an archive; `undefined` when it is none or not there. */
export async function imagesInArchive(
  daemon: Daemon,
  path: string,
): Promise<{ readonly id: string; readonly names: readonly string[] }[] | undefined> {
  try {
    const found = await daemon.program(
      `test -f ${quote(path)} || exit 1; exec tar -xOf ${quote(path)} manifest.json 2>/dev/null`,
    );
    found.end();
    const chunks: Buffer[] = [];
    for await (const chunk of found) chunks.push(chunk as Buffer);
    const manifest: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    if (!Array.isArray(manifest)) return undefined;
    return manifest.filter(isObject).map((entry) => ({
      id: `sha256:${(textAt(entry, "Config") ?? "").replace(/^.*\//, "").replace(/\.json$/, "")}`,
      names: listAt(entry, "RepoTags").map(String),
    }));
  } catch {
    return undefined;
  }
}

/** Writes images to a file; it stands under its name only when it is whole. */
export async function saveArchive(
  daemon: Daemon,
  context: ModuleContext,
  names: readonly string[],
  path: string,
): Promise<void> {
  const archive = await daemon.client.images.save(names, context.signal);
  const file = quote(path);
  try {
    const target = await daemon.program(
      `umask 077; cat >${file}.part && chmod 644 ${file}.part && mv -f ${file}.part ${file} && echo written`,
    );
    archive.on("error", (error) => target.destroy(error));
    archive.pipe(target);
    for await (const _ of target) {
      // waits for the script's last word
    }
  } catch (error) {
    fail(`Error writing image archive ${path} - ${messageOf(error)}`);
  }
}
