/** Values that must not be seen: what a vault gave, and what modules say is secret. */

/** Shorter ones would hide half of every text. */
const SHORTEST = 4;

export class Secrets {
  readonly #values = new Set<string>();

  add(value: string): void {
    const text = value.trim();
    if (text.length >= SHORTEST) this.#values.add(text);
  }

  /** Every text within plain data. */
  addAll(data: unknown): void {
    if (typeof data === "string") this.add(data);
    else if (data instanceof Map) for (const value of data.values()) this.addAll(value);
    else if (typeof data === "object" && data !== null) {
      for (const value of Object.values(data)) this.addAll(value);
    }
  }

  /** @param text plain text, or JSON, in which a value's quotes and newlines are escaped */
  within(text: string): boolean {
    for (const value of this.#values) {
      if (text.includes(value) || text.includes(JSON.stringify(value).slice(1, -1))) return true;
    }
    return false;
  }
}
