// Whoever compiles these sources from elsewhere finds the types only this way: an import of declarations alone would be one at run time.
// oxlint-disable-next-line typescript/triple-slash-reference
/// <reference path="./nunjucks-modules.d.ts" />
import type { SyntaxNode } from "nunjucks/src/nodes.js";
import { JinjaDate, JinjaDuration } from "./jinja-dates.ts";
import { areEqual, contains, findFilter, order, runTest } from "./jinja-filters.ts";
import { memberOf } from "./jinja-methods.ts";
import { Callable, isDict, isTruthy, type JinjaValue, toText, used } from "./jinja-values.ts";
import { TemplateProblem } from "./template-problem.ts";

/** The names a template sees; the innermost scope is asked first. */
export interface Names {
  find(name: string): JinjaValue | Promise<JinjaValue>;
}

/** What a template may make at most: it must not be able to fill the memory of its process by a slip. */
const MAX_TEXT = 16 * 1024 * 1024;
const MAX_ITEMS = 1_000_000;

const CONSTANTS: Readonly<Record<string, JinjaValue>> = { True: true, False: false, None: null, true: true, false: false, none: null };

/** A level of names that `set` and `for` make. */
class Scope implements Names {
  readonly #own = new Map<string, JinjaValue>();
  readonly #outer: Names;

  constructor(outer: Names) {
    this.#outer = outer;
  }

  set(name: string, value: JinjaValue): void {
    this.#own.set(name, value);
  }

  find(name: string): JinjaValue | Promise<JinjaValue> {
    return this.#own.has(name) ? this.#own.get(name) : this.#outer.find(name);
  }
}

/** The text of a template. @throws TemplateProblem */
export async function renderTree(root: SyntaxNode, names: Names): Promise<string> {
  return new Evaluator().body(root, new Scope(names));
}

/** The value of the expression that is the whole template; undefined: the template is more than one expression. */
export async function evaluateSingle(root: SyntaxNode, names: Names): Promise<{ value: JinjaValue } | undefined> {
  const outputs = childrenOf(root).flatMap((node) => (node.typename === "Output" ? childrenOf(node) : [node]));
  const parts = outputs.filter((node) => node.typename !== "TemplateData" || (node["value"] as string).trim() !== "");
  const [only] = parts;
  if (only === undefined || parts.length > 1 || STATEMENTS.has(only.typename)) return undefined;
  return { value: used(await new Evaluator().value(only, new Scope(names))) };
}

const STATEMENTS = new Set(["If", "For", "Set", "TemplateData", "Capture"]);

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  return (node["children"] ?? []) as SyntaxNode[];
}

function field(node: SyntaxNode, name: string): SyntaxNode {
  return node[name] as SyntaxNode;
}

class Evaluator {
  #length = 0;

  async body(node: SyntaxNode, scope: Scope): Promise<string> {
    let text = "";
    for (const child of childrenOf(node)) text += await this.#statement(child, scope);
    return text;
  }

  async #statement(node: SyntaxNode, scope: Scope): Promise<string> {
    switch (node.typename) {
      case "NodeList":
      case "Root":
        return this.body(node, scope);
      case "Output":
        return this.#output(node, scope);
      case "If":
        return this.#branch(isTruthy(await this.value(field(node, "cond"), scope)) ? node["body"] : node["else_"], scope);
      case "For":
        return this.#loop(node, scope);
      case "Set":
        await this.#assign(node, scope);
        return "";
      default:
        throw at(node, `the statement "${node.typename.toLowerCase()}" is not supported in options`);
    }
  }

  async #branch(body: unknown, scope: Scope): Promise<string> {
    return body === null || body === undefined ? "" : this.#statement(body as SyntaxNode, scope);
  }

  async #output(node: SyntaxNode, scope: Scope): Promise<string> {
    let text = "";
    for (const child of childrenOf(node)) {
      text +=
        child.typename === "TemplateData" ? (child["value"] as string) : await located(child, async () => toText(await this.value(child, scope)));
    }
    this.#length += text.length;
    if (this.#length > MAX_TEXT) throw at(node, `the text has more than ${MAX_TEXT} characters`);
    return text;
  }

  async #loop(node: SyntaxNode, scope: Scope): Promise<string> {
    const items = itemsOf(node, await this.value(field(node, "arr"), scope));
    if (items.length === 0) return this.#branch(node["else_"], scope);
    let text = "";
    for (const [index, item] of items.entries()) {
      const inner = new Scope(scope);
      bind(inner, field(node, "name"), item);
      inner.set("loop", {
        index: index + 1,
        index0: index,
        revindex: items.length - index,
        first: index === 0,
        last: index === items.length - 1,
        length: items.length,
      });
      text += await this.#branch(node["body"], inner);
    }
    return text;
  }

  async #assign(node: SyntaxNode, scope: Scope): Promise<void> {
    const body = node["body"] as SyntaxNode | null | undefined;
    const value = body ? await this.#branch(body["body"] ?? body, scope) : await this.value(field(node, "value"), scope);
    for (const target of node["targets"] as SyntaxNode[]) bind(scope, target, value);
  }

  value(node: SyntaxNode, scope: Scope): Promise<JinjaValue> {
    return located(node, () => this.#evaluate(node, scope));
  }

  async #evaluate(node: SyntaxNode, scope: Scope): Promise<JinjaValue> {
    const of = (name: string) => this.value(field(node, name), scope);
    switch (node.typename) {
      case "Literal":
        return node["value"] as JinjaValue;
      case "Symbol": {
        const name = node["value"] as string;
        return Object.hasOwn(CONSTANTS, name) ? CONSTANTS[name] : scope.find(name);
      }
      case "Group":
      case "Array": {
        const items = await Promise.all(childrenOf(node).map((child) => this.value(child, scope)));
        return node.typename === "Group" && items.length === 1 ? items[0] : items.map(used);
      }
      case "Dict":
        return this.#dict(node, scope);
      case "LookupVal":
        return memberOf(await of("target"), await of("val"), shown(field(node, "target")));
      case "Slice":
        return this.#slice(node, scope);
      case "FunCall":
        return this.#call(node, scope);
      case "Filter":
        return this.#filter(node, scope);
      case "InlineIf":
        return isTruthy(await of("cond")) ? of("body") : node["else_"] ? of("else_") : "";
      case "Or": {
        const left = await of("left");
        return isTruthy(left) ? left : of("right");
      }
      case "And": {
        const left = await of("left");
        return isTruthy(left) ? of("right") : left;
      }
      case "Not":
        return !isTruthy(await of("target"));
      case "In":
        return contains(await of("right"), used(await of("left")));
      case "Is":
        return this.#test(node, scope);
      case "Compare":
        return this.#compare(node, scope);
      case "Neg":
        return -number(await of("target"));
      case "Pos":
        return number(await of("target"));
      default:
        return binary(node, used(await of("left")), used(await of("right")));
    }
  }

  /** A dict, or the named arguments of a call, whose names are no variables. */
  async #dict(node: SyntaxNode, scope: Scope): Promise<Record<string, JinjaValue>> {
    const entries: [string, JinjaValue][] = [];
    for (const pair of childrenOf(node)) {
      const key = field(pair, "key");
      const name = node.typename === "KeywordArgs" ? (key["value"] as string) : toText(await this.value(key, scope));
      entries.push([name, used(await this.value(field(pair, "value"), scope))]);
    }
    return Object.fromEntries(entries);
  }

  async #arguments(nodes: SyntaxNode[], scope: Scope): Promise<{ args: JinjaValue[]; named: Record<string, JinjaValue> }> {
    const args: JinjaValue[] = [];
    let named: Record<string, JinjaValue> = {};
    for (const node of nodes) {
      if (node.typename === "KeywordArgs") named = await this.#dict(node, scope);
      else args.push(used(await this.value(node, scope)));
    }
    return { args, named };
  }

  async #call(node: SyntaxNode, scope: Scope): Promise<JinjaValue> {
    const callee = used(await this.value(field(node, "name"), scope));
    const name = shown(field(node, "name"));
    if (!(callee instanceof Callable)) throw new TemplateProblem(`"${name}" is no function`);
    const { args, named } = await this.#arguments(childrenOf(field(node, "args")), scope);
    return callee.call(args, named);
  }

  async #filter(node: SyntaxNode, scope: Scope): Promise<JinjaValue> {
    const [target, ...rest] = childrenOf(field(node, "args"));
    const filter = findFilter(shown(field(node, "name")));
    const { args, named } = await this.#arguments(rest, scope);
    return filter(await this.value(target!, scope), args, named);
  }

  async #test(node: SyntaxNode, scope: Scope): Promise<boolean> {
    const right = field(node, "right");
    const isCall = right.typename === "FunCall";
    const name = right.typename === "Literal" ? toText(right["value"] as JinjaValue).toLowerCase() : shown(isCall ? field(right, "name") : right);
    const { args } = isCall ? await this.#arguments(childrenOf(field(right, "args")), scope) : { args: [] };
    return runTest(name, await this.value(field(node, "left"), scope), args);
  }

  async #compare(node: SyntaxNode, scope: Scope): Promise<boolean> {
    let left = used(await this.value(field(node, "expr"), scope));
    for (const operand of node["ops"] as SyntaxNode[]) {
      const right = used(await this.value(field(operand, "expr"), scope));
      if (!holds(operand["type"] as string, left, right)) return false;
      left = right;
    }
    return true;
  }

  async #slice(node: SyntaxNode, scope: Scope): Promise<JinjaValue> {
    const target = used(await this.value(field(node, "target"), scope));
    if (typeof target !== "string" && !Array.isArray(target))
      throw new TemplateProblem(`"${shown(field(node, "target"))}" has no order to take a part of`);
    const bound = async (name: string) => {
      const part = node[name] as SyntaxNode | null | undefined;
      const value = part ? used(await this.value(part, scope)) : null;
      return value === null ? null : number(value);
    };
    const [start, stop, step] = [await bound("start"), await bound("stop"), (await bound("step")) ?? 1];
    if (step === 0) throw new TemplateProblem("the step of a slice is zero");
    const items = sliced(Array.from<unknown>(target), start, stop, step);
    return typeof target === "string" ? items.join("") : items;
  }
}

function sliced<T>(items: T[], start: number | null, stop: number | null, step: number): T[] {
  if (step === 1) return items.slice(start ?? 0, stop ?? undefined);
  const clamp = (index: number, low: number, high: number) => Math.min(Math.max(index < 0 ? index + items.length : index, low), high);
  const first = step > 0 ? clamp(start ?? 0, 0, items.length) : start === null ? items.length - 1 : clamp(start, -1, items.length - 1);
  const end = step > 0 ? (stop === null ? items.length : clamp(stop, 0, items.length)) : stop === null ? -1 : clamp(stop, -1, items.length - 1);
  const found: T[] = [];
  for (let index = first; step > 0 ? index < end : index > end; index += step) found.push(items[index] as T);
  return found;
}

function binary(node: SyntaxNode, left: JinjaValue, right: JinjaValue): JinjaValue {
  switch (node.typename) {
    case "Add":
      return added(left, right);
    case "Sub":
      return subtracted(left, right);
    case "Concat":
      return toText(left) + toText(right);
    case "Mul":
      return multiplied(left, right);
    case "Div":
      return number(left) / divisor(right);
    case "FloorDiv":
      return Math.floor(number(left) / divisor(right));
    case "Mod":
      return typeof left === "string" ? percentFormat(left, right) : number(left) - divisor(right) * Math.floor(number(left) / number(right));
    case "Pow":
      return number(left) ** number(right);
    default:
      throw new TemplateProblem(`"${node.typename}" is not supported in options`);
  }
}

function added(left: JinjaValue, right: JinjaValue): JinjaValue {
  if (typeof left === "string" && typeof right === "string") return left + right;
  if (Array.isArray(left) && Array.isArray(right)) return [...(left as JinjaValue[]), ...(right as JinjaValue[])];
  if (left instanceof JinjaDate && right instanceof JinjaDuration) return left.plus(right.ms);
  if (left instanceof JinjaDuration && right instanceof JinjaDate) return right.plus(left.ms);
  if (left instanceof JinjaDuration && right instanceof JinjaDuration) return new JinjaDuration(left.ms + right.ms);
  return number(left) + number(right);
}

function subtracted(left: JinjaValue, right: JinjaValue): JinjaValue {
  if (left instanceof JinjaDate && right instanceof JinjaDuration) return left.plus(-right.ms);
  if (left instanceof JinjaDate && right instanceof JinjaDate) return new JinjaDuration(left.epochMs - right.epochMs);
  if (left instanceof JinjaDuration && right instanceof JinjaDuration) return new JinjaDuration(left.ms - right.ms);
  return number(left) - number(right);
}

function multiplied(left: JinjaValue, right: JinjaValue): JinjaValue {
  if (typeof left === "string" && typeof right === "number") {
    if (left.length * right > MAX_TEXT) throw new TemplateProblem(`the text would have more than ${MAX_TEXT} characters`);
    return left.repeat(Math.max(0, right));
  }
  if (left instanceof JinjaDuration) return new JinjaDuration(left.ms * number(right));
  return number(left) * number(right);
}

/** `"%s of %d" % (a, b)`. */
function percentFormat(text: string, values: JinjaValue): string {
  const list = Array.isArray(values) ? values : [values];
  let next = 0;
  return text.replace(/%([sdi%])/g, (_whole, letter: string) => {
    if (letter === "%") return "%";
    if (next >= list.length) throw new TemplateProblem(`"${text}" has more places than values`);
    return toText(list[next++]);
  });
}

function number(value: JinjaValue): number {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  throw new TemplateProblem(`${typeof value === "string" ? `the text "${value}"` : toText(value)} is no number; the filter int makes one of a text`);
}

function divisor(value: JinjaValue): number {
  const found = number(value);
  if (found === 0) throw new TemplateProblem("a division by zero");
  return found;
}

function holds(operator: string, left: JinjaValue, right: JinjaValue): boolean {
  if (operator === "==" || operator === "===") return areEqual(left, right);
  if (operator === "!=" || operator === "!==") return !areEqual(left, right);
  const found = order(left, right);
  return operator === "<" ? found < 0 : operator === "<=" ? found <= 0 : operator === ">" ? found > 0 : found >= 0;
}

function itemsOf(node: SyntaxNode, value: JinjaValue): JinjaValue[] {
  const given = used(value);
  const items = Array.isArray(given) ? (given as JinjaValue[]) : typeof given === "string" ? [...given] : isDict(given) ? Object.keys(given) : null;
  if (items === null) throw at(node, `${toText(given)} is no list to go through`);
  if (items.length > MAX_ITEMS) throw at(node, `a list of ${items.length} members is too long to go through`);
  return items;
}

function bind(scope: Scope, target: SyntaxNode, value: JinjaValue): void {
  if (target.typename === "Symbol") return scope.set(target["value"] as string, value);
  const parts = childrenOf(target);
  if (!Array.isArray(value) || value.length !== parts.length) throw at(target, `${parts.length} names cannot be given ${toText(value)}`);
  for (const [index, part] of parts.entries()) bind(scope, part, (value as JinjaValue[])[index]);
}

/** An expression as it may stand in a message. */
function shown(node: SyntaxNode): string {
  switch (node.typename) {
    case "Symbol":
    case "Literal":
      return String(node["value"]);
    case "LookupVal": {
      const key = field(node, "val");
      const target = shown(field(node, "target"));
      return key.typename === "Literal" && typeof key["value"] === "string" ? `${target}.${key["value"]}` : `${target}[${shown(key)}]`;
    }
    case "FunCall":
      return `${shown(field(node, "name"))}()`;
    default:
      return "the value";
  }
}

/** What goes wrong inside an expression is told with its place, the innermost that is known. */
async function located<T>(node: SyntaxNode, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TemplateProblem && error.place === null) throw at(node, error.message);
    throw error;
  }
}

function at(node: SyntaxNode, message: string): TemplateProblem {
  return new TemplateProblem(message, { line: node.lineno + 1, column: node.colno + 1 });
}
