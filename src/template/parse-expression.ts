/** Expressions: Jinja2's grammar, precedence and all. */
import { PyFloat, type Value } from "../values/model.ts";
import { type Operator, parseInteger } from "../values/number.ts";
import type { Comparison } from "../values/operators.ts";
import type { CallArguments, Expression } from "./syntax.ts";
import { describe, type TokenStream } from "./token-stream.ts";

const comparisons: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">="]);
const constants: ReadonlyMap<string, Value> = new Map<string, Value>([
  ["true", true],
  ["True", true],
  ["false", false],
  ["False", false],
  ["none", null],
  ["None", null],
]);
export const noCallArguments: CallArguments = {
  positional: [],
  named: [],
  spread: undefined,
  spreadNamed: undefined,
};

/** A stop for tuples without parentheses: is the current token the end of one? */
export type EndRule = (stream: TokenStream) => boolean;

export class ExpressionParser {
  readonly stream: TokenStream;
  constructor(stream: TokenStream) {
    this.stream = stream;
  }

  expression(withCondition = true): Expression {
    return withCondition ? this.#condition() : this.#or();
  }

  #condition(): Expression {
    let node = this.#or();
    while (this.stream.skipName("if")) {
      const test = this.#or();
      const otherwise = this.stream.skipName("else") ? this.#condition() : undefined;
      node = { type: "condition", test, whenTrue: node, otherwise, offset: node.offset };
    }
    return node;
  }

  #or(): Expression {
    let left = this.#and();
    while (this.stream.skipName("or")) {
      left = { type: "or", left, right: this.#and(), offset: left.offset };
    }
    return left;
  }

  #and(): Expression {
    let left = this.#not();
    while (this.stream.skipName("and")) {
      left = { type: "and", left, right: this.#not(), offset: left.offset };
    }
    return left;
  }

  #not(): Expression {
    const { offset } = this.stream.current;
    if (this.stream.skipName("not")) return { type: "not", value: this.#not(), offset };
    return this.#compare();
  }

  #compare(): Expression {
    const first = this.#sum();
    const rest: { operator: Comparison; value: Expression }[] = [];
    for (;;) {
      const { current } = this.stream;
      if (current.type === "operator" && comparisons.has(current.value)) {
        this.stream.next();
        rest.push({ operator: current.value as Comparison, value: this.#sum() });
      } else if (this.stream.skipName("in")) {
        rest.push({ operator: "in", value: this.#sum() });
      } else if (this.stream.isName("not") && isWord(this.stream, "in")) {
        this.stream.next();
        this.stream.next();
        rest.push({ operator: "not in", value: this.#sum() });
      } else break;
    }
    return rest.length === 0 ? first : { type: "compare", first, rest, offset: first.offset };
  }

  #sum(): Expression {
    let left = this.#concat();
    while (this.stream.isOperator("+") || this.stream.isOperator("-")) {
      const operator = this.stream.next().value as Operator;
      left = { type: "binary", operator, left, right: this.#concat(), offset: left.offset };
    }
    return left;
  }

  #concat(): Expression {
    const first = this.#product();
    if (!this.stream.isOperator("~")) return first;
    const parts = [first];
    while (this.stream.skipOperator("~")) parts.push(this.#product());
    return { type: "concat", parts, offset: first.offset };
  }

  #product(): Expression {
    let left = this.#power();
    for (;;) {
      const { current } = this.stream;
      if (current.type !== "operator" || !["*", "/", "//", "%"].includes(current.value))
        return left;
      this.stream.next();
      const operator = current.value as Operator;
      left = { type: "binary", operator, left, right: this.#power(), offset: left.offset };
    }
  }

  #power(): Expression {
    let left = this.#unary(true);
    while (this.stream.skipOperator("**")) {
      const right = this.#unary(true);
      left = { type: "binary", operator: "**", left, right, offset: left.offset };
    }
    return left;
  }

  #unary(withFilter: boolean): Expression {
    const { current } = this.stream;
    let node: Expression;
    if (this.stream.isOperator("-") || this.stream.isOperator("+")) {
      this.stream.next();
      const value = this.#unary(false);
      node = { type: "sign", operator: current.value as "-" | "+", value, offset: current.offset };
    } else node = this.#primary();
    node = this.#postfix(node);
    return withFilter ? this.#filters(node) : node;
  }

  #primary(): Expression {
    const { stream } = this;
    const token = stream.current;
    const { offset } = token;
    switch (token.type) {
      case "name": {
        stream.next();
        const value = constants.get(token.value);
        if (value !== undefined) return { type: "constant", value, offset };
        return { type: "name", name: token.value, offset };
      }
      case "string": {
        let value = "";
        while (stream.current.type === "string") value += stream.next().value;
        return { type: "constant", value, offset };
      }
      case "integer":
        stream.next();
        return { type: "constant", value: parseInteger(token.value, 0), offset };
      case "float":
        stream.next();
        return {
          type: "constant",
          value: new PyFloat(Number(token.value.replaceAll("_", ""))),
          offset,
        };
      case "operator":
        if (token.value === "(") {
          stream.next();
          const node = this.tuple({ parentheses: true });
          stream.expectOperator(")");
          return node;
        }
        if (token.value === "[") return this.#list();
        if (token.value === "{") return this.#dict();
    }
    return stream.fail(`unexpected '${describe(token)}'`);
  }

  #list(): Expression {
    const { offset } = this.stream.next();
    const items: Expression[] = [];
    while (!this.stream.isOperator("]")) {
      if (items.length > 0) this.stream.expectOperator(",");
      if (this.stream.isOperator("]")) break;
      items.push(this.expression());
    }
    this.stream.expectOperator("]");
    return { type: "list", items, offset };
  }

  #dict(): Expression {
    const { offset } = this.stream.next();
    const items: [Expression, Expression][] = [];
    while (!this.stream.isOperator("}")) {
      if (items.length > 0) this.stream.expectOperator(",");
      if (this.stream.isOperator("}")) break;
      const key = this.expression();
      this.stream.expectOperator(":");
      items.push([key, this.expression()]);
    }
    this.stream.expectOperator("}");
    return { type: "dict", items, offset };
  }

  /** One expression, or a tuple when commas follow. */
  tuple(
    options: {
      readonly simplified?: boolean;
      readonly withCondition?: boolean;
      readonly ends?: EndRule;
      readonly parentheses?: boolean;
    } = {},
  ): Expression {
    const { stream } = this;
    const { offset } = stream.current;
    const items: Expression[] = [];
    let isTuple = false;
    for (;;) {
      if (items.length > 0) stream.expectOperator(",");
      if (this.#tupleEnds(options.ends)) break;
      items.push(
        options.simplified ? this.#primary() : this.expression(options.withCondition ?? true),
      );
      if (!stream.isOperator(",")) break;
      isTuple = true;
    }
    if (!isTuple) {
      if (items[0]) return items[0];
      if (!options.parentheses) {
        stream.fail(`Expected an expression, got '${describe(stream.current)}'`);
      }
    }
    return { type: "tuple", items, offset };
  }

  #tupleEnds(ends: EndRule | undefined): boolean {
    const { current } = this.stream;
    if (current.type === "variable_end" || current.type === "block_end") return true;
    if (this.stream.isOperator(")")) return true;
    return ends?.(this.stream) ?? false;
  }

  #postfix(start: Expression): Expression {
    let node = start;
    for (;;) {
      if (this.stream.isOperator(".") || this.stream.isOperator("[")) node = this.#subscript(node);
      else if (this.stream.isOperator("(")) node = this.#call(node);
      else return node;
    }
  }

  #filters(start: Expression): Expression {
    let node = start;
    for (;;) {
      if (this.stream.isOperator("|")) node = this.filter(node);
      else if (this.stream.isName("is")) node = this.#test(node);
      else if (this.stream.isOperator("(")) node = this.#call(node);
      else return node;
    }
  }

  #subscript(object: Expression): Expression {
    const { stream } = this;
    const { offset } = object;
    if (stream.next().value === ".") {
      const token = stream.next();
      if (token.type === "name") return { type: "attribute", object, name: token.value, offset };
      if (token.type !== "integer") stream.fail("expected name or number", token.offset);
      const key: Expression = {
        type: "constant",
        value: parseInteger(token.value, 0),
        offset: token.offset,
      };
      return { type: "item", object, key, offset };
    }
    const keys: Expression[] = [];
    while (!stream.isOperator("]")) {
      if (keys.length > 0) stream.expectOperator(",");
      keys.push(this.#subscribed());
    }
    stream.expectOperator("]");
    const [key] = keys;
    if (key === undefined) return stream.fail("expected subscript expression");
    return {
      type: "item",
      object,
      key: keys.length === 1 ? key : { type: "tuple", items: keys, offset: key.offset },
      offset,
    };
  }

  #subscribed(): Expression {
    const { stream } = this;
    const { offset } = stream.current;
    const parts: (Expression | undefined)[] = [];
    if (stream.skipOperator(":")) parts.push(undefined);
    else {
      const node = this.expression();
      if (!stream.skipOperator(":")) return node;
      parts.push(node);
    }
    const more = (): Expression | undefined =>
      stream.isOperator(":") || stream.isOperator("]") || stream.isOperator(",")
        ? undefined
        : this.expression();
    parts.push(more());
    parts.push(stream.skipOperator(":") ? more() : undefined);
    return { type: "slice", start: parts[0], stop: parts[1], step: parts[2], offset };
  }

  #call(callee: Expression): Expression {
    return { type: "call", callee, args: this.arguments(), offset: callee.offset };
  }

  arguments(): CallArguments {
    const { stream } = this;
    stream.expectOperator("(");
    const positional: Expression[] = [];
    const named: { name: string; value: Expression }[] = [];
    let spread: Expression | undefined;
    let spreadNamed: Expression | undefined;
    let comma = false;
    const ensure = (correct: boolean): void => {
      if (!correct) stream.fail("invalid syntax for function call expression");
    };
    while (!stream.isOperator(")")) {
      if (comma) {
        stream.expectOperator(",");
        if (stream.isOperator(")")) break;
      }
      if (stream.isOperator("*")) {
        ensure(spread === undefined && spreadNamed === undefined);
        stream.next();
        spread = this.expression();
      } else if (stream.isOperator("**")) {
        ensure(spreadNamed === undefined);
        stream.next();
        spreadNamed = this.expression();
      } else if (
        stream.current.type === "name" &&
        stream.look().type === "operator" &&
        stream.look().value === "="
      ) {
        ensure(spreadNamed === undefined);
        const name = stream.next().value;
        if (named.some((other) => other.name === name)) {
          stream.fail(`keyword argument repeated: ${name}`);
        }
        stream.next();
        named.push({ name, value: this.expression() });
      } else {
        ensure(spread === undefined && spreadNamed === undefined && named.length === 0);
        positional.push(this.expression());
      }
      comma = true;
    }
    stream.expectOperator(")");
    return { positional, named, spread, spreadNamed };
  }

  #dottedName(): string {
    let name = this.stream.expect("name").value;
    while (this.stream.skipOperator(".")) name += `.${this.stream.expect("name").value}`;
    return name;
  }

  /** `|name(args)...`; the first bar is already skipped when `inline` is set. */
  filter(start: Expression | undefined, inline = false): Expression {
    let node = start;
    let first = inline;
    while (this.stream.isOperator("|") || first) {
      if (!first) this.stream.next();
      first = false;
      const { offset } = this.stream.current;
      const name = this.#dottedName();
      const args = this.stream.isOperator("(") ? this.arguments() : noCallArguments;
      node = { type: "filter", value: node, name, args, offset };
    }
    if (!node) this.stream.fail("expected a filter");
    return node;
  }

  #test(value: Expression): Expression {
    const { stream } = this;
    const { offset } = stream.next();
    const negated = stream.skipName("not");
    const name = this.#dottedName();
    let args = noCallArguments;
    const { current } = stream;
    if (stream.isOperator("(")) args = this.arguments();
    else if (
      ["name", "string", "integer", "float"].includes(current.type) ||
      stream.isOperator("[") ||
      stream.isOperator("{")
    ) {
      if (!["else", "or", "and"].includes(current.type === "name" ? current.value : "")) {
        if (stream.isName("is")) stream.fail("You cannot chain multiple tests with is");
        args = { ...noCallArguments, positional: [this.#postfix(this.#primary())] };
      }
    }
    const node: Expression = { type: "test", value, name, args, offset };
    return negated ? { type: "not", value: node, offset } : node;
  }
}

function isWord(stream: TokenStream, word: string): boolean {
  const token = stream.look();
  return token.type === "name" && token.value === word;
}
