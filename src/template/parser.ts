/** Statements: tokens to the syntax tree. */
import { type LexerOptions, tokenize } from "./lexer.ts";
import { type EndRule, ExpressionParser } from "./parse-expression.ts";
import type { Expression, MacroSignature, Statement, Target } from "./syntax.ts";
import { describe, TokenStream } from "./token-stream.ts";

/** Extensions of Jinja2 that `jinja2_extensions` can switch on. */
export type Extension = "do" | "loopcontrols";

/** Parses a normalised source. Fails with TemplateSyntaxError. */
export function parseTemplate(
  source: string,
  options: LexerOptions,
  extensions: ReadonlySet<Extension>,
): Statement[] {
  return new Parser(source, options, extensions).template();
}

const statementNames: ReadonlySet<string> = new Set([
  "for",
  "if",
  "block",
  "extends",
  "print",
  "macro",
  "include",
  "from",
  "import",
  "set",
  "with",
  "autoescape",
]);

const reserved: ReadonlySet<string> = new Set(["true", "false", "none", "True", "False", "None"]);

class Parser {
  readonly #stream: TokenStream;
  readonly #expressions: ExpressionParser;
  readonly #extensions: ReadonlySet<Extension>;
  /** The statements that are open, innermost last. */
  readonly #open: string[] = [];
  /** The end tags that the open statements wait for. */
  readonly #ends: (readonly string[])[] = [];
  readonly #blocks = new Set<string>();

  constructor(source: string, options: LexerOptions, extensions: ReadonlySet<Extension>) {
    this.#stream = new TokenStream(tokenize(source, options), source);
    this.#expressions = new ExpressionParser(this.#stream);
    this.#extensions = extensions;
  }

  template(): Statement[] {
    return this.#body([]);
  }

  /** Statements up to (not with) one of the end tags. */
  #body(ends: readonly string[]): Statement[] {
    const stream = this.#stream;
    const result: Statement[] = [];
    if (ends.length > 0) this.#ends.push(ends);
    for (;;) {
      const token = stream.current;
      if (token.type === "eof") {
        if (ends.length > 0) this.#unfinished();
        break;
      }
      stream.next();
      if (token.type === "data") {
        result.push({ type: "data", text: token.value, offset: token.offset });
      } else if (token.type === "variable_begin") {
        const value = this.#expressions.tuple();
        stream.expect("variable_end");
        result.push({ type: "print", value, offset: value.offset });
      } else if (token.type === "block_begin") {
        const { current } = stream;
        if (current.type === "name" && ends.includes(current.value)) break;
        result.push(...this.#statement());
        stream.expect("block_end");
      } else stream.fail(`unexpected '${describe(token)}'`, token.offset);
    }
    if (ends.length > 0) this.#ends.pop();
    return result;
  }

  /** After `{% name ...`: expects the end of the tag, reads the body, skips the end tag's name. */
  #block(ends: readonly string[], drop: boolean): Statement[] {
    this.#stream.skipOperator(":");
    this.#stream.expect("block_end");
    const body = this.#body(ends);
    if (drop) this.#stream.next();
    return body;
  }

  #unfinished(): never {
    const waiting = this.#ends.at(-1) ?? [];
    let message = "Unexpected end of template.";
    message += ` Jinja was looking for the following tags: ${choices(waiting)}.`;
    const innermost = this.#open.at(-1);
    if (innermost) message += ` The innermost block that needs to be closed is '${innermost}'.`;
    this.#stream.fail(message);
  }

  #unknown(name: string, offset: number): never {
    const waiting = this.#ends.at(-1);
    const innermost = this.#open.at(-1);
    let message = `Encountered unknown tag '${name}'.`;
    if (waiting?.length) {
      if (this.#ends.flat().includes(name)) {
        message +=
          " You probably made a nesting mistake. Jinja is expecting this tag, but currently";
        message += ` looking for ${choices(waiting)}.`;
      } else message += ` Jinja was looking for the following tags: ${choices(waiting)}.`;
    }
    if (innermost) message += ` The innermost block that needs to be closed is '${innermost}'.`;
    this.#stream.fail(message, offset);
  }

  #statement(): Statement[] {
    const stream = this.#stream;
    const token = stream.current;
    if (token.type !== "name") stream.fail("tag name expected", token.offset);
    const name = token.value;
    const known =
      statementNames.has(name) ||
      name === "call" ||
      name === "filter" ||
      (name === "do" && this.#extensions.has("do")) ||
      ((name === "break" || name === "continue") && this.#extensions.has("loopcontrols"));
    if (!known) this.#unknown(name, token.offset);
    stream.next();
    this.#open.push(name);
    const { offset } = token;
    let result: Statement[];
    switch (name) {
      case "for":
        result = [this.#for(offset)];
        break;
      case "if":
        result = [this.#if(offset)];
        break;
      case "set":
        result = [this.#set(offset)];
        break;
      case "with":
        result = [this.#with(offset)];
        break;
      case "macro": {
        const macro = this.#targetName();
        result = [{ type: "macro", name: macro, ...this.#macro("endmacro", true), offset }];
        break;
      }
      case "call":
        result = [this.#call(offset)];
        break;
      case "filter": {
        const filter = this.#expressions.filter(undefined, true);
        result = [{ type: "filterBlock", filter, body: this.#block(["endfilter"], true), offset }];
        break;
      }
      case "print": {
        result = [];
        do {
          if (stream.current.type === "block_end") break;
          result.push({ type: "print", value: this.#expressions.expression(), offset });
        } while (stream.skipOperator(","));
        break;
      }
      case "do":
        result = [{ type: "do", value: this.#expressions.tuple(), offset }];
        break;
      case "break":
      case "continue":
        result = [{ type: name, offset }];
        break;
      case "block":
        result = [this.#namedBlock(offset)];
        break;
      case "extends":
        result = [{ type: "extends", template: this.#expressions.expression(), offset }];
        break;
      case "include":
        result = [this.#include(offset)];
        break;
      case "import":
        result = [this.#import(offset)];
        break;
      case "from":
        result = [this.#from(offset)];
        break;
      default: {
        const value = this.#expressions.expression();
        result = [
          { type: "autoescape", value, body: this.#block(["endautoescape"], true), offset },
        ];
      }
    }
    this.#open.pop();
    return result;
  }

  #for(offset: number): Statement {
    const stream = this.#stream;
    const target = this.#target((s) => s.isName("in"));
    stream.expectName("in");
    const items = this.#expressions.tuple({
      withCondition: false,
      ends: (s) => s.isName("recursive"),
    });
    const test = stream.skipName("if") ? this.#expressions.expression() : undefined;
    const recursive = stream.skipName("recursive");
    const body = this.#block(["endfor", "else"], false);
    const otherwise = stream.next().value === "endfor" ? [] : this.#block(["endfor"], true);
    return { type: "for", target, items, test, recursive, body, otherwise, offset };
  }

  #if(offset: number): Statement {
    const stream = this.#stream;
    const branches: { test: Expression; body: Statement[] }[] = [];
    let otherwise: Statement[] = [];
    for (;;) {
      const test = this.#expressions.tuple({ withCondition: false });
      branches.push({ test, body: this.#block(["elif", "else", "endif"], false) });
      const end = stream.next().value;
      if (end === "elif") continue;
      if (end === "else") otherwise = this.#block(["endif"], true);
      return { type: "if", branches, otherwise, offset };
    }
  }

  #set(offset: number): Statement {
    const stream = this.#stream;
    const target = this.#target(undefined, true);
    if (stream.skipOperator("=")) {
      return { type: "set", target, value: this.#expressions.tuple(), offset };
    }
    const filter = stream.isOperator("|") ? this.#expressions.filter(undefined) : undefined;
    return { type: "setBlock", target, filter, body: this.#block(["endset"], true), offset };
  }

  #with(offset: number): Statement {
    const stream = this.#stream;
    const targets: Target[] = [];
    const values: Expression[] = [];
    while (stream.current.type !== "block_end") {
      if (targets.length > 0) stream.expectOperator(",");
      targets.push(this.#singleTarget());
      stream.expectOperator("=");
      values.push(this.#expressions.expression());
    }
    return { type: "with", targets, values, body: this.#block(["endwith"], true), offset };
  }

  #macro(end: string, parentheses: boolean): MacroSignature {
    const stream = this.#stream;
    const parameters: { name: string; fallback: Expression | undefined }[] = [];
    if (parentheses || stream.isOperator("(")) {
      stream.expectOperator("(");
      while (!stream.isOperator(")")) {
        if (parameters.length > 0) stream.expectOperator(",");
        const name = this.#targetName();
        let fallback: Expression | undefined;
        if (stream.skipOperator("=")) fallback = this.#expressions.expression();
        else if (parameters.at(-1)?.fallback) {
          stream.fail("non-default argument follows default argument");
        }
        parameters.push({ name, fallback });
      }
      stream.expectOperator(")");
    }
    return { parameters, body: end === "" ? [] : this.#block([end], true) };
  }

  #call(offset: number): Statement {
    const { parameters } = this.#macro("", false);
    const call = this.#expressions.expression();
    if (call.type !== "call") this.#stream.fail("expected call", offset);
    const body = this.#block(["endcall"], true);
    return { type: "callBlock", call, parameters, body, offset };
  }

  #namedBlock(offset: number): Statement {
    const stream = this.#stream;
    const name = stream.expect("name").value;
    if (this.#blocks.has(name)) stream.fail(`block '${name}' defined twice`, offset);
    this.#blocks.add(name);
    const scoped = stream.skipName("scoped");
    const required = stream.skipName("required");
    if (stream.isOperator("-")) {
      stream.fail(
        "Block names in Jinja have to be valid Python identifiers and may not contain hyphens, use an underscore instead.",
      );
    }
    const body = this.#block(["endblock"], true);
    stream.skipName(name);
    if (required && !body.every((part) => part.type === "data" && part.text.trim() === "")) {
      stream.fail("Required blocks can only contain comments or whitespace", offset);
    }
    return { type: "block", name, scoped, required, body, offset };
  }

  #withContext(absent: boolean): boolean {
    const stream = this.#stream;
    const token = stream.current;
    const look = stream.look();
    if (
      token.type === "name" &&
      (token.value === "with" || token.value === "without") &&
      look.type === "name" &&
      look.value === "context"
    ) {
      stream.next();
      stream.next();
      return token.value === "with";
    }
    return absent;
  }

  #include(offset: number): Statement {
    const stream = this.#stream;
    const template = this.#expressions.expression();
    let ignoreMissing = false;
    if (stream.isName("ignore") && stream.look().value === "missing") {
      stream.next();
      stream.next();
      ignoreMissing = true;
    }
    const withContext = this.#withContext(true);
    return { type: "include", template, ignoreMissing, withContext, offset };
  }

  #import(offset: number): Statement {
    const template = this.#expressions.expression();
    this.#stream.expectName("as");
    const name = this.#targetName();
    return { type: "import", template, name, withContext: this.#withContext(false), offset };
  }

  #from(offset: number): Statement {
    const stream = this.#stream;
    const template = this.#expressions.expression();
    stream.expectName("import");
    const names: { name: string; as: string }[] = [];
    let withContext: boolean | undefined;
    for (;;) {
      if (names.length > 0 && !stream.skipOperator(",")) break;
      const before = stream.current;
      const context = this.#withContext(false) || stream.current !== before;
      if (context) {
        withContext = before.value === "with";
        break;
      }
      if (stream.current.type !== "name") break;
      const nameOffset = stream.current.offset;
      const name = this.#targetName();
      if (name.startsWith("_")) {
        stream.fail("names starting with an underline can not be imported", nameOffset);
      }
      names.push({ name, as: stream.skipName("as") ? this.#targetName() : name });
    }
    if (names.length === 0 && withContext === undefined) stream.expect("name");
    withContext ??= this.#withContext(false);
    return { type: "from", template, names, withContext, offset };
  }

  #targetName(): string {
    const token = this.#stream.expect("name");
    if (reserved.has(token.value)) {
      this.#stream.fail(`can't assign to '${token.value.toLowerCase()}'`, token.offset);
    }
    return token.value;
  }

  #singleTarget(): Target {
    const { offset } = this.#stream.current;
    return { type: "name", name: this.#targetName(), offset };
  }

  #target(ends: EndRule | undefined, namespaces = false): Target {
    const stream = this.#stream;
    const { offset } = stream.current;
    if (namespaces && stream.current.type === "name" && stream.look().value === ".") {
      const name = stream.next().value;
      stream.next();
      return { type: "namespace", name, attribute: stream.expect("name").value, offset };
    }
    const node = this.#expressions.tuple({
      simplified: true,
      ...(ends ? { ends } : {}),
    });
    return this.#asTarget(node);
  }

  #asTarget(node: Expression): Target {
    const { offset } = node;
    if (node.type === "name") return { type: "name", name: node.name, offset };
    if (node.type === "tuple" || node.type === "list") {
      return { type: "tuple", items: node.items.map((item) => this.#asTarget(item)), offset };
    }
    const kind = node.type === "constant" ? "const" : node.type;
    this.#stream.fail(`can't assign to '${kind}'`, offset);
  }
}

function choices(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(" or ");
}
