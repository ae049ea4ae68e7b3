/**
 * Which tasks `--tags` and `--skip-tags` choose.
 * @see https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_tags.html
 */
export class TagSelection {
  readonly #only: ReadonlySet<string>;
  readonly #skip: ReadonlySet<string>;

  /** @param only absent or empty: `all` */
  constructor(only: readonly string[] = [], skip: readonly string[] = []) {
    this.#only = new Set(only.length > 0 ? only : ["all"]);
    this.#skip = new Set(skip);
  }

  /** Is every task without the tag `never` chosen? */
  get isEverything(): boolean {
    return this.#only.size === 1 && this.#only.has("all") && this.#skip.size === 0;
  }

  /** @param tags all tags that reach the task */
  chooses(tags: ReadonlySet<string>): boolean {
    return this.#isWanted(tags) && !this.#isSkipped(tags);
  }

  #isWanted(tags: ReadonlySet<string>): boolean {
    const only = this.#only;
    if (tags.has("always")) return true;
    if (only.has("all") && !tags.has("never")) return true;
    if (intersects(tags, only)) return true;
    if (only.has("tagged") && tags.size > 0 && !tags.has("never")) return true;
    return only.has("untagged") && tags.size === 0;
  }

  #isSkipped(tags: ReadonlySet<string>): boolean {
    const skip = this.#skip;
    if (skip.size === 0) return false;
    if (skip.has("all")) return !tags.has("always") || skip.has("always");
    if (intersects(tags, skip)) return true;
    if (skip.has("tagged") && tags.size > 0) return true;
    return skip.has("untagged") && tags.size === 0;
  }
}

function intersects(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  for (const item of a) if (b.has(item)) return true;
  return false;
}
