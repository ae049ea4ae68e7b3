/** `docker-archive:file.tar[:name:tag]`: what `docker save` writes and `docker load` reads. */
import { ArchiveFile } from "../archive-file.ts";
import { sha256 } from "../digest.ts";
import { chooseItem, listItems, readConfigOf, readItem, writeArchive } from "../docker-format.ts";
import { mustBe, writeWhole } from "../files.ts";
import type { Image, ReadOptions, Transport, WriteOptions, Written } from "../image.ts";
import { splitPath, withTag } from "../reference.ts";

export class DockerArchiveTransport implements Transport {
  readonly scheme = "docker-archive";

  /** The digest of the configuration; layers are not read. */
  async identify(reference: string, options: ReadOptions = {}): Promise<string> {
    const { archive, item, what } = await this.#find(reference, options);
    return sha256(await readConfigOf(archive, item, what));
  }

  async read(reference: string, options: ReadOptions = {}): Promise<Image> {
    const { archive, item, what } = await this.#find(reference, options);
    return readItem(archive, item, what);
  }

  /** Replaces the file. The same image is the same file, byte by byte. */
  async write(image: Image, reference: string, options: WriteOptions = {}): Promise<Written> {
    const { path, name } = splitPath(reference, "docker-archive");
    const names = [...(name === undefined ? [] : [name]), ...(options.additionalTags ?? [])];
    const { signal } = options;
    const { stream, sent } = writeArchive(image, { names: names.map(withTag), signal });
    await writeWhole(path, stream, signal);
    return {
      id: image.id,
      reference: `docker-archive:${reference}`,
      layersSent: sent.layers,
      bytesSent: sent.bytes,
    };
  }

  async #find(reference: string, options: ReadOptions) {
    const what = `docker-archive:${reference}`;
    const { path, name } = splitPath(reference, "docker-archive");
    await mustBe("file", path, what);
    const archive = await ArchiveFile.open(path, what, options.signal);
    const item = chooseItem(await listItems(archive, what), name, what);
    return { archive, item, what };
  }
}
