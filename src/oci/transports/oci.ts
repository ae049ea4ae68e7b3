/** `oci:directory[:tag]`: an OCI layout. Its images are only added to, or replaced under their tag. */
import { resolve } from "node:path";
import { imageOf, resolveManifest } from "../blobs.ts";
import { parsePlatform } from "../documents.ts";
import { ImageNotFoundError } from "../errors.ts";
import { mustBe } from "../files.ts";
import type { Image, ReadOptions, Transport, WriteOptions, Written } from "../image.ts";
import { findInIndex, Layout, namesIn } from "../layout.ts";
import { checkLayoutName, splitPath } from "../reference.ts";

export class OciTransport implements Transport {
  readonly scheme = "oci";

  /** The digest of the manifest. */
  async identify(reference: string, options: ReadOptions = {}): Promise<string> {
    return (await this.#find(reference, options)).descriptor.digest;
  }

  async read(reference: string, options: ReadOptions = {}): Promise<Image> {
    const { layout, bytes } = await this.#find(reference, options);
    return imageOf(layout, bytes, `oci:${reference}`);
  }

  async write(image: Image, reference: string, options: WriteOptions = {}): Promise<Written> {
    const { path, name } = splitPath(reference, "oci");
    checkLayoutName(name, `oci:${reference}`);
    const names = [...(name === undefined ? [] : [name]), ...(options.additionalTags ?? [])];
    const written = await new Layout(path).write(image, names, true, options);
    return { ...written, reference: `oci:${reference}` };
  }

  async #find(reference: string, options: ReadOptions) {
    const what = `oci:${reference}`;
    const { path, name } = splitPath(reference, "oci");
    await mustBe("directory", path, what);
    const layout = new Layout(path);
    const index = await layout.index(what);
    const found = findInIndex(index, name, what);
    if (!found) {
      throw new ImageNotFoundError(what, `the layout ${resolve(path)} does not have it`, {
        hint: `There is: ${namesIn(index)}.`,
      });
    }
    const resolved = await resolveManifest(layout, found, parsePlatform(options.platform), what);
    return { layout, ...resolved };
  }
}
