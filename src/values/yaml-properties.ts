/** What stands before nodes and documents of YAML: tags and anchors, and directives that name tags. */
import { blank, tab, type YamlCursor } from "./yaml-cursor.ts";

export interface Properties {
  tag: string | undefined;
  anchor: string | undefined;
  readonly offset: number;
}

export class YamlProperties {
  readonly #cursor: YamlCursor;
  #handles = new Map<string, string>();

  constructor(cursor: YamlCursor) {
    this.#cursor = cursor;
  }

  /** Reads the directives before a document; tells whether there were any. */
  directives(): boolean {
    this.#handles = new Map();
    let any = false;
    for (;;) {
      this.#cursor.skip();
      while (this.#cursor.marker("...")) {
        this.#cursor.position += 3;
        this.#cursor.restOfLine();
        this.#cursor.skip();
      }
      if (this.#cursor.text[this.#cursor.position] !== "%" || this.#cursor.column() !== 0)
        return any;
      any = true;
      const end = this.#cursor.endOfLine();
      const [, name, a, b] =
        /^%(\S+)\s*(\S*)\s*(\S*)/.exec(this.#cursor.text.slice(this.#cursor.position, end)) ?? [];
      if (name === "TAG" && a && b) this.#handles.set(a, b);
      if (name === "YAML" && a && !a.startsWith("1.")) {
        this.#cursor.fail("found incompatible YAML document");
      }
      this.#cursor.position = end;
    }
  }

  /** `&anchor` and `!tag`, on one line. */
  read(known: Properties | undefined): Properties | undefined {
    let properties = known;
    for (;;) {
      const character = this.#cursor.text[this.#cursor.position];
      if (character !== "&" && character !== "!") return properties;
      properties ??= { tag: undefined, anchor: undefined, offset: this.#cursor.position };
      if (character === "&") {
        const name = /^[\w-]+/.exec(
          this.#cursor.text.slice(this.#cursor.position + 1, this.#cursor.position + 201),
        )?.[0];
        if (name === undefined) {
          this.#cursor.fail(
            "did not find expected alphabetic or numeric character while scanning an anchor",
          );
        }
        properties.anchor = name;
        this.#cursor.position += name.length + 1;
      } else {
        const raw = /^!(?:<[^>\s]*>|[^\s,[\]{}]*)/.exec(
          this.#cursor.text.slice(this.#cursor.position, this.#cursor.position + 1001),
        )?.[0] as string;
        properties.tag = this.#fullTag(raw);
        this.#cursor.position += raw.length;
      }
      if (
        !this.#cursor.isSpace(this.#cursor.position) &&
        !/[,\]}]/.test(this.#cursor.text[this.#cursor.position] as string)
      ) {
        this.#cursor.fail("did not find expected whitespace or line break");
      }
      while (
        this.#cursor.text.charCodeAt(this.#cursor.position) === blank ||
        this.#cursor.text.charCodeAt(this.#cursor.position) === tab
      ) {
        this.#cursor.position++;
      }
    }
  }

  #fullTag(raw: string): string {
    if (raw.startsWith("!<")) return raw.slice(2, -1);
    const [, handle = "!", suffix = ""] = /^(!\w*!|!)(.*)$/.exec(raw) ?? [];
    const custom = this.#handles.get(handle);
    if (custom !== undefined) return custom + suffix;
    if (handle === "!!") return `tag:yaml.org,2002:${suffix}`;
    if (handle !== "!") this.#cursor.fail(`found undefined tag handle '${handle}'`);
    return raw;
  }
}
