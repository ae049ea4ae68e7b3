/**
 * What a missing variable, attribute or element evaluates to. It behaves as Ansible's strict
 * undefined: any use but `is defined`, `default` and a longer attribute chain raises.
 */
import type { SourcePosition } from "../errors/index.ts";
import type { Arguments } from "../values/callable.ts";
import { type BinaryOperator, Instance } from "../values/instance.ts";
import type { Value } from "../values/model.ts";
import { UndefinedError } from "./errors.ts";

export class Undefined extends Instance {
  readonly typeName = "AnsibleUndefined";
  /** The whole message of the error that using it raises. */
  readonly hint: string;
  /** The variable, attribute or element that is missing. */
  readonly name: string | undefined;
  readonly #position: SourcePosition | (() => SourcePosition | undefined) | undefined;

  /** The position may be a function: it is only asked for when the value is used. */
  constructor(
    hint: string,
    name?: string,
    position?: SourcePosition | (() => SourcePosition | undefined),
  ) {
    super();
    this.hint = hint;
    this.name = name;
    this.#position = position;
  }

  get position(): SourcePosition | undefined {
    return typeof this.#position === "function" ? this.#position() : this.#position;
  }

  /** Throws the error of a use. */
  fail(): never {
    throw new UndefinedError(this.hint, this.name, { position: this.position });
  }

  override pyUse(): void {
    this.fail();
  }
  override pyCall(_args: Arguments, _context: unknown): Value {
    return this.fail();
  }
  override pyStr(): string {
    return this.fail();
  }
  override pyRepr(): string {
    return this.fail();
  }
  override pyTruth(): boolean {
    return this.fail();
  }
  override pyEquals(_other: Value): boolean {
    return this.fail();
  }
  override pyCompare(_other: Value): number {
    return this.fail();
  }
  override pyHash(): string {
    return this.fail();
  }
  override pyLength(): number {
    return this.fail();
  }
  override pyIterate(): Iterable<Value> {
    return this.fail();
  }
  override pyContains(_item: Value): boolean {
    return this.fail();
  }
  override pyGetItem(_key: Value): Value {
    return this;
  }
  override pyGetAttribute(_name: string): Value {
    return this;
  }
  override pyBinary(_operator: BinaryOperator, _other: Value, _reflected: boolean): Value {
    return this.fail();
  }
  override pyUnary(_operator: "neg" | "pos"): Value {
    return this.fail();
  }
}

/** The value itself, or the error of an undefined one. */
export function defined(value: Value): Value {
  return value instanceof Undefined ? value.fail() : value;
}
