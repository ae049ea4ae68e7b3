/** Python's range: a lazy sequence of ints. */
import { PythonError, typeError, valueError } from "./failure.ts";
import { Instance } from "./instance.ts";
import type { Value } from "./model.ts";
import { asInt } from "./number.ts";
import { typeName } from "./type-name.ts";

export class PyRange extends Instance {
  readonly typeName = "range";
  readonly start: number;
  readonly stop: number;
  readonly step: number;
  constructor(start: number, stop: number, step = 1) {
    super();
    if (step === 0) throw valueError("range() arg 3 must not be zero");
    this.start = start;
    this.stop = stop;
    this.step = step;
  }
  /** range(stop), range(start, stop), range(start, stop, step). */
  static of(args: readonly Value[]): PyRange {
    if (args.length === 0) throw typeError("range expected at least 1 argument, got 0");
    if (args.length > 3) throw typeError(`range expected at most 3 arguments, got ${args.length}`);
    const [a = 0, b = 0, c = 1] = args.map((arg) => {
      const whole = asInt(arg);
      if (whole === undefined) {
        if (arg instanceof Instance) arg.pyUse();
        throw typeError(`'${typeName(arg)}' object cannot be interpreted as an integer`);
      }
      if (typeof whole === "bigint") {
        throw new PythonError("OverflowError", "Python int too large to convert to C ssize_t");
      }
      return whole;
    });
    return args.length === 1 ? new PyRange(0, a) : new PyRange(a, b, c);
  }
  get size(): number {
    return Math.max(0, Math.ceil((this.stop - this.start) / this.step));
  }
  /** The item at an index that is in bounds. */
  at(index: number): number {
    return this.start + index * this.step;
  }
  override pyRepr(): string {
    return this.step === 1
      ? `range(${this.start}, ${this.stop})`
      : `range(${this.start}, ${this.stop}, ${this.step})`;
  }
  override pyTruth(): boolean {
    return this.size > 0;
  }
  override pyLength(): number {
    return this.size;
  }
  override *pyIterate(): IterableIterator<Value> {
    const size = this.size;
    for (let index = 0; index < size; index++) yield this.start + index * this.step;
  }
  override pyContains(item: Value): boolean {
    const whole = asInt(item);
    if (typeof whole !== "number") return false;
    const index = (whole - this.start) / this.step;
    return Number.isInteger(index) && index >= 0 && index < this.size;
  }
  override pyEquals(other: Value): boolean | undefined {
    if (!(other instanceof PyRange)) return undefined;
    if (this.size !== other.size) return false;
    return (
      this.size === 0 ||
      (this.start === other.start && (this.size === 1 || this.step === other.step))
    );
  }
}
