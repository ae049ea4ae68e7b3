/**
 * Text that is final: the result of `string`, `to_json` and their like. Alone in a template it
 * stays text, even where it looks like a list. Any operation on it gives plain text again.
 */
import { TaggedString } from "./model.ts";

export class NativeText extends TaggedString {
  override readonly typeName: string;
  constructor(text: string, tags: { unsafe?: boolean; vault?: boolean } = {}) {
    super(text, tags);
    this.typeName = tags.unsafe ? "NativeJinjaUnsafeText" : "NativeJinjaText";
  }
}
