/** `scratch`: an image without a layer, to begin from nothing. */
import { sha256 } from "../digest.ts";
import { encodeDocument, parsePlatform } from "../documents.ts";
import type { Image, ImageConfig, ReadOptions, Transport } from "../image.ts";

export class ScratchTransport implements Transport {
  readonly scheme = "scratch";

  async identify(_reference: string, options: ReadOptions = {}): Promise<string> {
    return `scratch:${(await this.read("", options)).id}`;
  }

  async read(_reference: string, options: ReadOptions = {}): Promise<Image> {
    const { os, architecture, variant } = parsePlatform(options.platform);
    const config: ImageConfig = {
      architecture,
      ...(variant === undefined ? {} : { variant }),
      os,
      config: {},
      rootfs: { type: "layers", diff_ids: [] },
    };
    const configBytes = encodeDocument(config);
    return { config, configBytes, id: sha256(configBytes), layers: [] };
  }
}
