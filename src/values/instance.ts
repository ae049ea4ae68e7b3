/**
 * Objects that answer Python's operators themselves: ranges, dates, views, undefined, namespaces.
 * A hook that returns `undefined` means "not supported": the operation then fails as in Python.
 */
import type { Arguments } from "./callable.ts";
import { PyObject, type Value } from "./model.ts";

/** The operators of `x op y`, by the name of Python's special method without underscores. */
export type BinaryOperator = "add" | "sub" | "mul" | "truediv" | "floordiv" | "mod" | "pow";

export abstract class Instance extends PyObject {
  /** Called before an operation refuses the value: an undefined one raises its own error here. */
  pyUse(): void {}
  /** x(*args, **kwargs). */
  pyCall(_args: Arguments, _context: unknown): Value | undefined {
    return undefined;
  }
  /** str(x). The default is `pyRepr`. */
  pyStr(): string {
    return this.pyRepr();
  }
  /** repr(x). */
  pyRepr(): string {
    return `<${this.typeName} object>`;
  }
  /** bool(x). */
  pyTruth(): boolean {
    return true;
  }
  /** x == other; `undefined` leaves the answer to the other side, then to identity. */
  pyEquals(_other: Value): boolean | undefined {
    return undefined;
  }
  /** The order of x and other: negative, zero, positive; `undefined` when they have none. */
  pyCompare(_other: Value): number | undefined {
    return undefined;
  }
  /** format(x, spec). */
  pyFormat(_spec: string): string | undefined {
    return undefined;
  }
  /** len(x). */
  pyLength(): number | undefined {
    return undefined;
  }
  /** iter(x). */
  pyIterate(): Iterable<Value> | undefined {
    return undefined;
  }
  /** item in x. */
  pyContains(_item: Value): boolean | undefined {
    return undefined;
  }
  /** x[key]. */
  pyGetItem(_key: Value): Value | undefined {
    return undefined;
  }
  /** x.name; never an inherited property of the host language. */
  pyGetAttribute(_name: string): Value | undefined {
    return undefined;
  }
  /** x op other, or other op x when `reflected`. */
  pyBinary(_operator: BinaryOperator, _other: Value, _reflected: boolean): Value | undefined {
    return undefined;
  }
  /** -x, +x, abs(x). */
  pyUnary(_operator: "neg" | "pos"): Value | undefined {
    return undefined;
  }
}
