/** A cursor over tokens, and the parser's error messages in Jinja2's wording. */
import { TemplateSyntaxError } from "./errors.ts";
import { placeOf, type Token, type TokenType } from "./lexer.ts";

const end: Token = { type: "eof", value: "", offset: 0 };

/** How Jinja2 names a token in a message. */
export function describe(token: Token): string {
  switch (token.type) {
    case "name":
      return token.value;
    case "operator":
      return token.value;
    case "eof":
      return "end of template";
    case "block_begin":
      return "begin of statement block";
    case "block_end":
      return "end of statement block";
    case "variable_begin":
      return "begin of print statement";
    case "variable_end":
      return "end of print statement";
    default:
      return token.type;
  }
}

export class TokenStream {
  readonly #tokens: readonly Token[];
  readonly #source: string;
  #index = 0;
  constructor(tokens: readonly Token[], source: string) {
    this.#tokens = tokens;
    this.#source = source;
  }
  get current(): Token {
    return this.#tokens[this.#index] ?? end;
  }
  /** The token after the current one. */
  look(): Token {
    return this.#tokens[this.#index + 1] ?? end;
  }
  next(): Token {
    const token = this.current;
    if (token.type !== "eof") this.#index++;
    return token;
  }
  isOperator(value: string): boolean {
    return this.current.type === "operator" && this.current.value === value;
  }
  isName(value: string): boolean {
    return this.current.type === "name" && this.current.value === value;
  }
  skipOperator(value: string): boolean {
    if (!this.isOperator(value)) return false;
    this.#index++;
    return true;
  }
  skipName(value: string): boolean {
    if (!this.isName(value)) return false;
    this.#index++;
    return true;
  }
  expect(type: TokenType): Token {
    if (this.current.type !== type) this.#unexpected(describe({ type, value: type, offset: 0 }));
    return this.next();
  }
  expectOperator(value: string): Token {
    if (!this.isOperator(value)) this.#unexpected(value);
    return this.next();
  }
  expectName(value: string): Token {
    if (!this.isName(value)) this.#unexpected(value);
    return this.next();
  }
  #unexpected(expected: string): never {
    const token = this.current;
    if (token.type === "eof") {
      this.fail(`unexpected end of template, expected '${expected}'.`, token.offset);
    }
    this.fail(`expected token '${expected}', got '${describe(token)}'`, token.offset);
  }
  fail(message: string, offset = this.current.offset): never {
    throw new TemplateSyntaxError(message, { position: placeOf(this.#source, offset) });
  }
}
