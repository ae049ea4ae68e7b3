/** The syntax tree of a template. `offset` is the place in the normalised source. */
import type { Value } from "../values/model.ts";
import type { Operator } from "../values/number.ts";
import type { Comparison } from "../values/operators.ts";

export interface CallArguments {
  readonly positional: readonly Expression[];
  readonly named: readonly { readonly name: string; readonly value: Expression }[];
  readonly spread: Expression | undefined;
  readonly spreadNamed: Expression | undefined;
}

export type Expression = { readonly offset: number } & (
  | { readonly type: "constant"; readonly value: Value }
  | { readonly type: "name"; readonly name: string }
  | { readonly type: "tuple"; readonly items: readonly Expression[] }
  | { readonly type: "list"; readonly items: readonly Expression[] }
  | { readonly type: "dict"; readonly items: readonly (readonly [Expression, Expression])[] }
  | { readonly type: "attribute"; readonly object: Expression; readonly name: string }
  | { readonly type: "item"; readonly object: Expression; readonly key: Expression }
  | {
      readonly type: "slice";
      readonly start: Expression | undefined;
      readonly stop: Expression | undefined;
      readonly step: Expression | undefined;
    }
  | { readonly type: "call"; readonly callee: Expression; readonly args: CallArguments }
  | {
      readonly type: "filter";
      readonly value: Expression | undefined;
      readonly name: string;
      readonly args: CallArguments;
    }
  | {
      readonly type: "test";
      readonly value: Expression;
      readonly name: string;
      readonly args: CallArguments;
    }
  | { readonly type: "not"; readonly value: Expression }
  | { readonly type: "sign"; readonly operator: "-" | "+"; readonly value: Expression }
  | {
      readonly type: "binary";
      readonly operator: Operator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly type: "and" | "or"; readonly left: Expression; readonly right: Expression }
  | { readonly type: "concat"; readonly parts: readonly Expression[] }
  | {
      readonly type: "compare";
      readonly first: Expression;
      readonly rest: readonly { readonly operator: Comparison; readonly value: Expression }[];
    }
  | {
      readonly type: "condition";
      readonly test: Expression;
      readonly whenTrue: Expression;
      readonly otherwise: Expression | undefined;
    }
);

/** What can stand left of `=` or after `for`. */
export type Target = { readonly offset: number } & (
  | { readonly type: "name"; readonly name: string }
  | { readonly type: "tuple"; readonly items: readonly Target[] }
  | { readonly type: "namespace"; readonly name: string; readonly attribute: string }
);

export interface MacroSignature {
  readonly parameters: readonly {
    readonly name: string;
    readonly fallback: Expression | undefined;
  }[];
  readonly body: readonly Statement[];
}

export type Statement = { readonly offset: number } & (
  | { readonly type: "data"; readonly text: string }
  | { readonly type: "print"; readonly value: Expression }
  | { readonly type: "do"; readonly value: Expression }
  | { readonly type: "break" | "continue" }
  | {
      readonly type: "if";
      readonly branches: readonly {
        readonly test: Expression;
        readonly body: readonly Statement[];
      }[];
      readonly otherwise: readonly Statement[];
    }
  | {
      readonly type: "for";
      readonly target: Target;
      readonly items: Expression;
      readonly test: Expression | undefined;
      readonly recursive: boolean;
      readonly body: readonly Statement[];
      readonly otherwise: readonly Statement[];
    }
  | { readonly type: "set"; readonly target: Target; readonly value: Expression }
  | {
      readonly type: "setBlock";
      readonly target: Target;
      readonly filter: Expression | undefined;
      readonly body: readonly Statement[];
    }
  | {
      readonly type: "with";
      readonly targets: readonly Target[];
      readonly values: readonly Expression[];
      readonly body: readonly Statement[];
    }
  | ({ readonly type: "macro"; readonly name: string } & MacroSignature)
  | ({ readonly type: "callBlock"; readonly call: Expression } & MacroSignature)
  | {
      readonly type: "filterBlock";
      readonly filter: Expression;
      readonly body: readonly Statement[];
    }
  | {
      readonly type: "block";
      readonly name: string;
      readonly scoped: boolean;
      readonly required: boolean;
      readonly body: readonly Statement[];
    }
  | { readonly type: "extends"; readonly template: Expression }
  | {
      readonly type: "include";
      readonly template: Expression;
      readonly ignoreMissing: boolean;
      readonly withContext: boolean;
    }
  | {
      readonly type: "import";
      readonly template: Expression;
      readonly name: string;
      readonly withContext: boolean;
    }
  | {
      readonly type: "from";
      readonly template: Expression;
      readonly names: readonly { readonly name: string; readonly as: string }[];
      readonly withContext: boolean;
    }
  | { readonly type: "autoescape"; readonly value: Expression; readonly body: readonly Statement[] }
);
