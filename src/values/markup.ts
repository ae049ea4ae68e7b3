/** Text that is already HTML (MarkupSafe): operations on it escape what they mix in. */
import { TaggedString } from "./model.ts";

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
};

/** HTML-escapes as MarkupSafe does. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

export class Markup extends TaggedString {
  override readonly typeName = "Markup";
  constructor(text: string, tags: { unsafe?: boolean; vault?: boolean } = {}) {
    super(text, tags);
  }
}
