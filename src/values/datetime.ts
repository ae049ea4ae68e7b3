/** Python's date, datetime and timedelta: what YAML timestamps, `now()` and `to_datetime` are. */
import type { Arguments } from "./callable.ts";
import { PyCallable } from "./callable.ts";
import { typeError, valueError } from "./failure.ts";
import { type BinaryOperator, Instance } from "./instance.ts";
import { PyFloat, Tuple, textOf, type Value } from "./model.ts";
import { asNumber, int, roundFloat } from "./number.ts";
import { strftime } from "./strftime.ts";

const dayMilliseconds = 86_400_000;

function two(value: number): string {
  return String(value).padStart(2, "0");
}

function method(name: string, invoke: (args: Arguments) => Value): PyCallable {
  return new PyCallable(name, invoke, "builtin_function_or_method");
}

/** A duration: whole microseconds, exact over Python's range of days. */
export class PyTimedelta extends Instance {
  readonly typeName = "timedelta";
  readonly microseconds: bigint;
  constructor(microseconds: bigint) {
    super();
    this.microseconds = microseconds;
  }
  get #days(): bigint {
    const day = 86_400_000_000n;
    const quotient = this.microseconds / day;
    return this.microseconds % day < 0n ? quotient - 1n : quotient;
  }
  get #rest(): bigint {
    return this.microseconds - this.#days * 86_400_000_000n;
  }
  override pyStr(): string {
    const days = Number(this.#days);
    const rest = this.#rest;
    const seconds = Number(rest / 1_000_000n);
    const micro = Number(rest % 1_000_000n);
    const lead = days === 0 ? "" : `${days} day${Math.abs(days) === 1 ? "" : "s"}, `;
    const tail = micro === 0 ? "" : `.${String(micro).padStart(6, "0")}`;
    return `${lead}${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}${tail}`;
  }
  override pyRepr(): string {
    const parts: string[] = [];
    const rest = this.#rest;
    if (this.#days !== 0n) parts.push(`days=${this.#days}`);
    if (rest / 1_000_000n !== 0n) parts.push(`seconds=${rest / 1_000_000n}`);
    if (rest % 1_000_000n !== 0n) parts.push(`microseconds=${rest % 1_000_000n}`);
    return `datetime.timedelta(${parts.join(", ") || "0"})`;
  }
  override pyTruth(): boolean {
    return this.microseconds !== 0n;
  }
  override pyEquals(other: Value): boolean | undefined {
    return other instanceof PyTimedelta ? other.microseconds === this.microseconds : undefined;
  }
  override pyCompare(other: Value): number | undefined {
    if (!(other instanceof PyTimedelta)) return undefined;
    return Number(this.microseconds - other.microseconds);
  }
  override pyHash(): string {
    return `timedelta ${this.microseconds}`;
  }
  override pyBinary(operator: BinaryOperator, other: Value, reflected: boolean): Value | undefined {
    if (other instanceof PyTimedelta) {
      if (operator === "add") return new PyTimedelta(this.microseconds + other.microseconds);
      if (operator === "sub" && !reflected) {
        return new PyTimedelta(this.microseconds - other.microseconds);
      }
      if (operator === "truediv" && !reflected) {
        return new PyFloat(Number(this.microseconds) / Number(other.microseconds));
      }
      return undefined;
    }
    const factor = asNumber(other);
    if (factor === undefined) return undefined;
    if (operator === "mul") return new PyTimedelta(scaled(this.microseconds, factor));
    if (reflected || factor === 0) return undefined;
    if (operator === "truediv") return new PyTimedelta(scaled(this.microseconds, 1 / factor));
    if (operator === "floordiv") {
      return new PyTimedelta(BigInt(Math.floor(Number(this.microseconds) / factor)));
    }
    return undefined;
  }
  override pyUnary(operator: "neg" | "pos"): Value {
    return operator === "neg" ? new PyTimedelta(-this.microseconds) : this;
  }
  override pyGetAttribute(name: string): Value | undefined {
    switch (name) {
      case "days":
        return int(this.#days);
      case "seconds":
        return Number(this.#rest / 1_000_000n);
      case "microseconds":
        return Number(this.#rest % 1_000_000n);
      case "total_seconds":
        return method(name, () => new PyFloat(Number(this.microseconds) / 1e6));
      default:
        return undefined;
    }
  }
}

function scaled(microseconds: bigint, factor: number): bigint {
  return Number.isInteger(factor)
    ? microseconds * BigInt(factor)
    : BigInt(roundFloat(Number(microseconds) * factor));
}

/** A calendar date, from year 1 to 9999. */
export class PyDate extends Instance {
  readonly typeName: string = "date";
  readonly year: number;
  readonly month: number;
  readonly day: number;
  constructor(year: number, month: number, day: number) {
    super();
    if (year < 1 || year > 9999) throw valueError(`year ${year} is out of range`);
    if (month < 1 || month > 12) throw valueError("month must be in 1..12");
    if (day < 1 || day > new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate()) {
      throw valueError("day is out of range for month");
    }
    this.year = year;
    this.month = month;
    this.day = day;
  }
  /** Microseconds since 1970 of the wall clock that it shows. */
  wallMicroseconds(): bigint {
    return BigInt(wallTime(this.year, this.month, this.day)) * 1000n;
  }
  /** YYYY-MM-DD. */
  isoDate(): string {
    return `${String(this.year).padStart(4, "0")}-${two(this.month)}-${two(this.day)}`;
  }
  override pyStr(): string {
    return this.isoDate();
  }
  override pyRepr(): string {
    return `datetime.date(${this.year}, ${this.month}, ${this.day})`;
  }
  override pyFormat(spec: string): string {
    return spec === "" ? this.pyStr() : this.strftime(spec);
  }
  /** strftime(format), in the C locale. */
  strftime(format: string): string {
    return strftime(format, {
      year: this.year,
      month: this.month,
      day: this.day,
      hour: 0,
      minute: 0,
      second: 0,
      microsecond: 0,
      offset: undefined,
      zone: undefined,
    });
  }
  override pyEquals(other: Value): boolean | undefined {
    if (!(other instanceof PyDate)) return undefined;
    return (
      other.typeName === this.typeName &&
      (this.typeName === "date" ? this.pyCompare(other) === 0 : this.pyHash() === other.pyHash())
    );
  }
  override pyCompare(other: Value): number | undefined {
    if (!(other instanceof PyDate) || other.typeName !== "date" || this.typeName !== "date") {
      return undefined;
    }
    return Number(this.wallMicroseconds() - other.wallMicroseconds());
  }
  override pyHash(): string {
    return `${this.typeName} ${this.wallMicroseconds()}`;
  }
  override pyBinary(operator: BinaryOperator, other: Value, reflected: boolean): Value | undefined {
    if (
      other instanceof PyTimedelta &&
      (operator === "add" || (operator === "sub" && !reflected))
    ) {
      const day = 86_400_000_000n;
      const days = (other.microseconds - (((other.microseconds % day) + day) % day)) / day;
      const moved = this.wallMicroseconds() + (operator === "add" ? days : -days) * day;
      const date = new Date(Number(moved / 1000n));
      return new PyDate(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate());
    }
    if (operator === "sub" && !reflected && other instanceof PyDate && other.typeName === "date") {
      return new PyTimedelta(this.wallMicroseconds() - other.wallMicroseconds());
    }
    return undefined;
  }
  override pyGetAttribute(name: string): Value | undefined {
    const weekday = (new Date(wallTime(this.year, this.month, this.day)).getUTCDay() + 6) % 7;
    switch (name) {
      case "year":
        return this.year;
      case "month":
        return this.month;
      case "day":
        return this.day;
      case "weekday":
        return method(name, () => weekday);
      case "isoweekday":
        return method(name, () => weekday + 1);
      case "isoformat":
        return method(name, () => this.isoDate());
      case "isocalendar":
        return method(name, () => {
          const [year = 0, week = 0, day = 0] = this.strftime("%G %V %u").split(" ").map(Number);
          return new Tuple([year, week, day]);
        });
      case "toordinal":
        return method(
          name,
          () => Math.floor(wallTime(this.year, this.month, this.day) / dayMilliseconds) + 719_163,
        );
      case "ctime":
        return method(name, () => this.strftime("%a %b %e %H:%M:%S %Y"));
      case "strftime":
        return method(name, (args) => {
          const format = textOf(args.positional[0] ?? args.named.get("format"));
          if (format === undefined) throw typeError("strftime() argument 1 must be str");
          return this.strftime(format);
        });
      default:
        return undefined;
    }
  }
}

function wallTime(
  year: number,
  month: number,
  day: number,
  hour = 0,
  minute = 0,
  second = 0,
): number {
  // Date.UTC reads years below 100 as 19xx; setUTCFullYear does not.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second, 0);
  return date.getTime();
}

/** A date and time; `offset` is its distance from UTC in minutes, `undefined` when naive. */
export class PyDateTime extends PyDate {
  override readonly typeName = "datetime";
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly microsecond: number;
  readonly offset: number | undefined;
  readonly zone: string | undefined;
  constructor(
    date: readonly [number, number, number],
    time: readonly [number, number, number, number?],
    offset?: number,
    zone?: string,
  ) {
    super(...date);
    [this.hour, this.minute, this.second, this.microsecond = 0] = time;
    if (this.hour < 0 || this.hour > 23) throw valueError("hour must be in 0..23");
    if (this.minute < 0 || this.minute > 59) throw valueError("minute must be in 0..59");
    if (this.second < 0 || this.second > 59) throw valueError("second must be in 0..59");
    this.offset = offset;
    this.zone = zone;
  }
  /** The local or UTC wall clock of a moment. */
  static at(milliseconds: number, utc: boolean, microsecond?: number): PyDateTime {
    const date = new Date(milliseconds);
    const micro = microsecond ?? (((milliseconds % 1000) + 1000) % 1000) * 1000;
    return utc
      ? new PyDateTime(
          [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()],
          [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds(), Math.floor(micro)],
        )
      : new PyDateTime(
          [date.getFullYear(), date.getMonth() + 1, date.getDate()],
          [date.getHours(), date.getMinutes(), date.getSeconds(), Math.floor(micro)],
        );
  }
  static #ofWall(microseconds: bigint, offset: number | undefined, zone?: string): PyDateTime {
    let micro = microseconds % 1_000_000n;
    if (micro < 0n) micro += 1_000_000n;
    const date = new Date(Number((microseconds - micro) / 1000n));
    return new PyDateTime(
      [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()],
      [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds(), Number(micro)],
      offset,
      zone,
    );
  }
  override wallMicroseconds(): bigint {
    const { year, month, day, hour, minute, second } = this;
    return (
      BigInt(wallTime(year, month, day, hour, minute, second)) * 1000n + BigInt(this.microsecond)
    );
  }
  #moment(): bigint {
    return this.wallMicroseconds() - BigInt(this.offset ?? 0) * 60_000_000n;
  }
  #offsetText(): string {
    if (this.offset === undefined) return "";
    const size = Math.abs(this.offset);
    return `${this.offset < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
  }
  /** ISO 8601 with the given separator. */
  isoText(separator: string): string {
    const micro = this.microsecond === 0 ? "" : `.${String(this.microsecond).padStart(6, "0")}`;
    const clock = `${two(this.hour)}:${two(this.minute)}:${two(this.second)}${micro}`;
    return `${this.isoDate()}${separator}${clock}${this.#offsetText()}`;
  }
  override pyStr(): string {
    return this.isoText(" ");
  }
  override pyRepr(): string {
    const parts: (number | string)[] = [this.year, this.month, this.day, this.hour, this.minute];
    if (this.second !== 0 || this.microsecond !== 0) parts.push(this.second);
    if (this.microsecond !== 0) parts.push(this.microsecond);
    if (this.offset === 0) parts.push("tzinfo=datetime.timezone.utc");
    else if (this.offset !== undefined) {
      const delta = new PyTimedelta(BigInt(this.offset) * 60_000_000n).pyRepr();
      parts.push(`tzinfo=datetime.timezone(${delta})`);
    }
    return `datetime.datetime(${parts.join(", ")})`;
  }
  override strftime(format: string): string {
    return strftime(format, this);
  }
  override pyCompare(other: Value): number | undefined {
    if (!(other instanceof PyDateTime)) return undefined;
    if ((other.offset === undefined) !== (this.offset === undefined)) {
      throw typeError("can't compare offset-naive and offset-aware datetimes");
    }
    return Number(this.#moment() - other.#moment());
  }
  override pyHash(): string {
    return `datetime ${this.#moment()} ${this.offset === undefined}`;
  }
  override pyBinary(operator: BinaryOperator, other: Value, reflected: boolean): Value | undefined {
    if (
      other instanceof PyTimedelta &&
      (operator === "add" || (operator === "sub" && !reflected))
    ) {
      const sign = operator === "add" ? 1n : -1n;
      return PyDateTime.#ofWall(
        this.wallMicroseconds() + sign * other.microseconds,
        this.offset,
        this.zone,
      );
    }
    if (operator === "sub" && !reflected && other instanceof PyDateTime) {
      if ((other.offset === undefined) !== (this.offset === undefined)) {
        throw typeError("can't subtract offset-naive and offset-aware datetimes");
      }
      return new PyTimedelta(this.#moment() - other.#moment());
    }
    return undefined;
  }
  override pyGetAttribute(name: string): Value | undefined {
    switch (name) {
      case "hour":
        return this.hour;
      case "minute":
        return this.minute;
      case "second":
        return this.second;
      case "microsecond":
        return this.microsecond;
      case "date":
        return method(name, () => new PyDate(this.year, this.month, this.day));
      case "isoformat":
        return method(name, (args) =>
          this.isoText(textOf(args.positional[0] ?? args.named.get("sep")) ?? "T"),
        );
      case "timestamp":
        return method(name, () => new PyFloat(this.epoch()));
      default:
        return super.pyGetAttribute(name);
    }
  }
  /** Seconds since 1970; a naive one is local time. */
  epoch(): number {
    if (this.offset !== undefined) return Number(this.#moment()) / 1e6;
    const local = new Date(0);
    local.setFullYear(this.year, this.month - 1, this.day);
    local.setHours(this.hour, this.minute, this.second, 0);
    return local.getTime() / 1000 + this.microsecond / 1e6;
  }
}
