// Whoever compiles these sources from elsewhere finds the types only this way: an import of declarations alone would be one at run time.
// oxlint-disable-next-line typescript/triple-slash-reference
/// <reference path="./nunjucks-modules.d.ts" />
import lexer from "nunjucks/src/lexer.js";
import nodes, { type SyntaxNode } from "nunjucks/src/nodes.js";
import parser from "nunjucks/src/parser.js";
import { TemplateProblem } from "./template-problem.ts";

/** Jinja as nunjucks reads it, with the slices that nunjucks lacks: `ds[:4]`. */
class JinjaParser extends parser.Parser {
  override parsePostfix(node: SyntaxNode): SyntaxNode {
    let found = node;
    for (let token = this.peekToken(); token !== null && token !== undefined; token = this.peekToken()) {
      if (token.type === lexer.TOKEN_LEFT_PAREN) found = new nodes.FunCall(token.lineno, token.colno, found, this.parseSignature());
      else if (token.type === lexer.TOKEN_LEFT_BRACKET) found = this.#parseSubscript(found);
      else if (token.type === lexer.TOKEN_OPERATOR && token.value === ".") found = this.#parseAttribute(found);
      else break;
    }
    return found;
  }

  #parseAttribute(target: SyntaxNode): SyntaxNode {
    const dot = this.nextToken();
    const name = this.nextToken();
    if (name?.type !== lexer.TOKEN_SYMBOL) this.fail(`a name is expected after ".", not ${name?.value ?? "the end"}`, dot.lineno, dot.colno);
    return new nodes.LookupVal(name.lineno, name.colno, target, new nodes.Literal(name.lineno, name.colno, name.value));
  }

  #parseSubscript(target: SyntaxNode): SyntaxNode {
    const bracket = this.nextToken();
    const parts: (SyntaxNode | null)[] = [];
    let colons = 0;
    let part: SyntaxNode | null = null;
    while (!this.skip(lexer.TOKEN_RIGHT_BRACKET)) {
      if (this.skip(lexer.TOKEN_COLON)) {
        colons++;
        parts.push(part);
        part = null;
      } else if (part === null) part = this.parseExpression();
      else this.fail('"]" is expected', bracket.lineno, bracket.colno);
    }
    parts.push(part);
    if (colons > 2 || (colons === 0 && part === null)) this.fail("an index is expected between the brackets", bracket.lineno, bracket.colno);
    if (colons === 0) return new nodes.LookupVal(bracket.lineno, bracket.colno, target, part);
    const [start, stop, step] = parts;
    return { typename: "Slice", lineno: bracket.lineno, colno: bracket.colno, target, start, stop, step };
  }
}

/** Templates are few and small, and each is rendered once per attempt; a warm process sees them again. */
const parsed = new Map<string, SyntaxNode>();
const MAX_PARSED = 500;

/** Whether the text has anything to render. */
export function isTemplate(text: string): boolean {
  return text.includes("{{") || text.includes("{%") || text.includes("{#");
}

/**
 * The syntax tree of a template.
 * @throws TemplateProblem when it does not parse
 */
export function parseTemplate(text: string): SyntaxNode {
  let root = parsed.get(text);
  if (root === undefined) {
    if (parsed.size >= MAX_PARSED) parsed.clear();
    parsed.set(text, (root = parseText(text)));
  }
  return root;
}

function parseText(text: string): SyntaxNode {
  try {
    return new JinjaParser(lexer.lex(text)).parseAsRoot();
  } catch (error) {
    // nunjucks counts from 0 in the fields and says so in words; the words are dropped.
    const { message, lineno, colno } = error as Error & { lineno?: number; colno?: number };
    const why = message.replace(/^\(unknown path\)\s*(?:\[Line \d+, Column \d+\])?\s*/, "").trim();
    throw new TemplateProblem(`it is not a template: ${why}`, lineno === undefined ? null : { line: lineno, column: colno ?? 1 });
  }
}
