import type { Value } from "../../../values/model.ts";
import { loadJson } from "../json-load.ts";
import { raise } from "../raise.ts";

/** The grammar of JMESPath. https://jmespath.org/specification.html */

export type Comparator = "==" | "!=" | "<" | "<=" | ">" | ">=";

export type Expression =
  | { readonly kind: "current" }
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "index"; readonly index: number }
  | { readonly kind: "slice"; readonly parts: readonly (number | undefined)[] }
  | { readonly kind: "literal"; readonly value: Value }
  | { readonly kind: "sub" | "pipe"; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "or" | "and"; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "not"; readonly operand: Expression }
  | { readonly kind: "flatten"; readonly operand: Expression }
  | { readonly kind: "list"; readonly source: Expression; readonly each: Expression }
  | { readonly kind: "values"; readonly source: Expression; readonly each: Expression }
  | {
      readonly kind: "filter";
      readonly source: Expression;
      readonly condition: Expression;
      readonly each: Expression;
    }
  | {
      readonly kind: "compare";
      readonly operator: Comparator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: "multilist"; readonly items: readonly Expression[] }
  | { readonly kind: "multihash"; readonly pairs: readonly (readonly [string, Expression])[] }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: "reference"; readonly expression: Expression };

interface Token {
  readonly type: string;
  readonly value: Value;
  readonly text: string;
  readonly at: number;
}

const POWER: Readonly<Record<string, number>> = {
  "|": 1,
  "||": 2,
  "&&": 3,
  "==": 5,
  "!=": 5,
  "<": 5,
  "<=": 5,
  ">": 5,
  ">=": 5,
  "[]": 9,
  "*": 20,
  "[?": 21,
  ".": 40,
  "!": 45,
  "{": 50,
  "[": 55,
  "(": 60,
};
const PROJECTION_STOP = 10;

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern =
    /\s+|([A-Za-z_][A-Za-z0-9_]*)|(-?\d+)|"((?:\\[\s\S]|[^"\\])*)"|'((?:\\[\s\S]|[^'\\])*)'|`((?:\\[\s\S]|[^`\\])*)`|(\|\||&&|==|!=|<=|>=|\[\?|\[\]|[.*[\]{}()|,:@&<>!])/y;
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(text);
    if (!match) {
      const character = text[at] ?? "";
      const message = /["'`]/.test(character)
        ? `Unclosed ${character} delimiter`
        : `Unknown token ${character}`;
      return raise(
        "LexerError",
        `Bad jmespath expression: ${message}:\n${text}\n${" ".repeat(at)}^`,
      );
    }
    const [whole, name, number, quoted, raw, literal, symbol] = match;
    const push = (type: string, value: Value = null) =>
      tokens.push({ type, value, text: whole, at });
    if (name !== undefined) push("name", name);
    else if (number !== undefined) push("number", Number(number));
    else if (quoted !== undefined) push("quoted", loadJson(whole));
    else if (raw !== undefined) push("literal", raw.replaceAll("\\'", "'"));
    else if (literal !== undefined) push("literal", literalValue(literal.replaceAll("\\`", "`")));
    else if (symbol !== undefined) push(symbol);
  }
  tokens.push({ type: "end", value: null, text: "", at: text.length });
  return tokens;
}

/** The JSON between backticks; bare text is accepted as a string. */
function literalValue(text: string): Value {
  const trimmed = text.trimStart();
  try {
    return loadJson(trimmed);
  } catch {
    return loadJson(`"${trimmed}"`);
  }
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
  }

  parse(): Expression {
    const expression = this.#expression(0);
    if (this.#peek().type !== "end") this.#fail();
    return expression;
  }

  #peek(offset = 0): Token {
    return this.#tokens[Math.min(this.#at + offset, this.#tokens.length - 1)] as Token;
  }

  #next(): Token {
    const token = this.#peek();
    this.#at++;
    return token;
  }

  #fail(token = this.#peek()): never {
    if (token.type === "end") {
      return raise(
        "IncompleteExpressionError",
        `Invalid jmespath expression: Incomplete expression:\n"${this.#text}"\n${" ".repeat(this.#text.length + 1)}^`,
      );
    }
    return raise(
      "ParseError",
      `Invalid jmespath expression: Parse error at column ${token.at}, token "${token.text}" (${token.type.toUpperCase()}), for expression:\n"${this.#text}"\n${" ".repeat(token.at + 1)}^`,
    );
  }

  #expect(type: string): Token {
    return this.#peek().type === type ? this.#next() : this.#fail();
  }

  #expression(power: number): Expression {
    let left = this.#prefix();
    while (power < (POWER[this.#peek().type] ?? 0)) left = this.#infix(left);
    return left;
  }

  #prefix(): Expression {
    const token = this.#next();
    switch (token.type) {
      case "literal":
        return { kind: "literal", value: token.value };
      case "name":
        return { kind: "field", name: String(token.value) };
      case "quoted":
        if (this.#peek().type === "(") this.#fail(token);
        return { kind: "field", name: String(token.value) };
      case "@":
        return { kind: "current" };
      case "*":
        return {
          kind: "values",
          source: { kind: "current" },
          each: this.#peek().type === "]" ? { kind: "current" } : this.#projection(POWER["*"] ?? 0),
        };
      case "[?":
        return this.#filter({ kind: "current" });
      case "[]":
        return {
          kind: "list",
          source: { kind: "flatten", operand: { kind: "current" } },
          each: this.#projection(POWER["[]"] ?? 0),
        };
      case "{":
        return this.#multihash();
      case "[":
        if (this.#peek().type === "number" || this.#peek().type === ":") {
          return this.#indexed({ kind: "current" });
        }
        if (this.#peek().type === "*" && this.#peek(1).type === "]") {
          this.#at += 2;
          return {
            kind: "list",
            source: { kind: "current" },
            each: this.#projection(POWER["*"] ?? 0),
          };
        }
        return this.#multilist();
      case "!":
        return { kind: "not", operand: this.#expression(POWER["!"] ?? 0) };
      case "&":
        return { kind: "reference", expression: this.#expression(0) };
      case "(": {
        const inner = this.#expression(0);
        this.#expect(")");
        return inner;
      }
      default:
        return this.#fail(token);
    }
  }

  #infix(left: Expression): Expression {
    const token = this.#next();
    switch (token.type) {
      case ".":
        if (this.#peek().type === "*") {
          this.#at++;
          return { kind: "values", source: left, each: this.#projection(POWER["*"] ?? 0) };
        }
        return { kind: "sub", left, right: this.#dotted(POWER["."] ?? 0) };
      case "|":
        return { kind: "pipe", left, right: this.#expression(1) };
      case "||":
        return { kind: "or", left, right: this.#expression(2) };
      case "&&":
        return { kind: "and", left, right: this.#expression(3) };
      case "==":
      case "!=":
      case "<":
      case "<=":
      case ">":
      case ">=":
        return { kind: "compare", operator: token.type, left, right: this.#expression(5) };
      case "[]":
        return {
          kind: "list",
          source: { kind: "flatten", operand: left },
          each: this.#projection(POWER["[]"] ?? 0),
        };
      case "[?":
        return this.#filter(left);
      case "(":
        if (left.kind !== "field") return this.#fail(token);
        return this.#call(left.name);
      case "[":
        if (this.#peek().type === "number" || this.#peek().type === ":") return this.#indexed(left);
        this.#expect("*");
        this.#expect("]");
        return { kind: "list", source: left, each: this.#projection(POWER["*"] ?? 0) };
      default:
        return this.#fail(token);
    }
  }

  #call(name: string): Expression {
    const args: Expression[] = [];
    while (this.#peek().type !== ")") {
      args.push(this.#expression(0));
      if (this.#peek().type === ",") this.#at++;
      else if (this.#peek().type !== ")") this.#fail();
    }
    this.#at++;
    return { kind: "call", name, args };
  }

  #filter(source: Expression): Expression {
    const condition = this.#expression(0);
    this.#expect("]");
    const each: Expression =
      this.#peek().type === "[]" ? { kind: "current" } : this.#projection(POWER["[?"] ?? 0);
    return { kind: "filter", source, condition, each };
  }

  /** After "[": a number or a slice, which is a projection. */
  #indexed(source: Expression): Expression {
    if (this.#peek().type === "number" && this.#peek(1).type !== ":") {
      const index = Number(this.#next().value);
      this.#expect("]");
      return { kind: "sub", left: source, right: { kind: "index", index } };
    }
    const parts: (number | undefined)[] = [undefined, undefined, undefined];
    let part = 0;
    while (this.#peek().type !== "]") {
      const token = this.#next();
      if (token.type === ":" && part < 2) part++;
      else if (token.type === "number" && parts[part] === undefined)
        parts[part] = Number(token.value);
      else this.#fail(token);
    }
    this.#at++;
    return {
      kind: "list",
      source: { kind: "sub", left: source, right: { kind: "slice", parts } },
      each: this.#projection(POWER["*"] ?? 0),
    };
  }

  #multilist(): Expression {
    const items: Expression[] = [];
    for (;;) {
      items.push(this.#expression(0));
      if (this.#peek().type !== ",") break;
      this.#at++;
    }
    this.#expect("]");
    return { kind: "multilist", items };
  }

  #multihash(): Expression {
    const pairs: [string, Expression][] = [];
    for (;;) {
      const key = this.#next();
      if (key.type !== "name" && key.type !== "quoted") this.#fail(key);
      this.#expect(":");
      pairs.push([String(key.value), this.#expression(0)]);
      if (this.#peek().type !== ",") break;
      this.#at++;
    }
    this.#expect("}");
    return { kind: "multihash", pairs };
  }

  /** What is applied to each element of a projection. */
  #projection(power: number): Expression {
    const { type } = this.#peek();
    if ((POWER[type] ?? 0) < PROJECTION_STOP) return { kind: "current" };
    if (type === "[" || type === "[?") return this.#expression(power);
    if (type === ".") {
      this.#at++;
      return this.#dotted(power);
    }
    return this.#fail();
  }

  #dotted(power: number): Expression {
    const { type } = this.#peek();
    if (type === "name" || type === "quoted" || type === "*") return this.#expression(power);
    if (type === "[") {
      this.#at++;
      return this.#multilist();
    }
    if (type === "{") {
      this.#at++;
      return this.#multihash();
    }
    return this.#fail();
  }
}

/** Parses an expression. Raises LexerError or ParseError. */
export function parseJmespath(text: string): Expression {
  if (text === "") raise("EmptyExpressionError", "Invalid JMESPath expression: cannot be empty.");
  return new Parser(text).parse();
}
