/** The parts of nunjucks that are used: its lexer, its parser, the nodes of its syntax tree, and filters that are plain functions. */
declare module "nunjucks/src/lexer.js" {
  interface Token {
    type: string;
    value: string;
    lineno: number;
    colno: number;
  }
  const lexer: {
    lex(source: string, options?: object): object;
    TOKEN_LEFT_PAREN: string;
    TOKEN_LEFT_BRACKET: string;
    TOKEN_RIGHT_BRACKET: string;
    TOKEN_COLON: string;
    TOKEN_OPERATOR: string;
    TOKEN_SYMBOL: string;
  };
  export type { Token };
  export default lexer;
}

declare module "nunjucks/src/parser.js" {
  import type { Token } from "nunjucks/src/lexer.js";
  import type { SyntaxNode } from "nunjucks/src/nodes.js";
  class Parser {
    constructor(tokens: object);
    parseAsRoot(): SyntaxNode;
    parseExpression(): SyntaxNode;
    parsePostfix(node: SyntaxNode): SyntaxNode;
    parseSignature(): SyntaxNode;
    peekToken(): Token | null;
    nextToken(): Token;
    skip(type: string): boolean;
    fail(message: string, lineno?: number, colno?: number): never;
  }
  const parser: { Parser: typeof Parser };
  export default parser;
}

declare module "nunjucks/src/nodes.js" {
  /** A node; which fields it has depends on `typename`. */
  interface SyntaxNode {
    typename: string;
    /** From 0. */
    lineno: number;
    colno: number;
    [field: string]: unknown;
  }
  type Constructor = new (lineno: number, colno: number, ...fields: unknown[]) => SyntaxNode;
  const nodes: { FunCall: Constructor; LookupVal: Constructor; Literal: Constructor };
  export type { SyntaxNode };
  export default nodes;
}

declare module "nunjucks/src/filters.js" {
  const filters: Record<string, (...args: never[]) => unknown>;
  export default filters;
}
