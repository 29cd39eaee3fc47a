import { parseSync, type Program, Visitor } from "oxc-parser";

/** One import of a module, however it is written. */
export interface ModuleImport {
  specifier: string;
  /** `type` disappears when the file runs; `lazy` happens at a call, not when the file is loaded. */
  kind: "static" | "type" | "lazy";
  line: number;
}

/** A use of something that makes a function's answer depend on more than its arguments. */
export interface ImpureUse {
  what: string;
  line: number;
}

export interface SourceFile {
  imports: ModuleImport[];
  impureUses: ImpureUse[];
}

type Node = { type: string; start: number };
type Expression = Node & Record<string, unknown>;

const IMPURE_OBJECTS = new Set(["process", "performance", "crypto", "globalThis", "window"]);
const IMPURE_MEMBERS = new Set(["Date.now", "Math.random", "Temporal.Now"]);
const IMPURE_FUNCTIONS = new Set(["Date", "fetch", "setTimeout", "setInterval", "setImmediate", "queueMicrotask", "require"]);

/** Reads what a file imports and which impure things it touches. Comments and strings are no code: the file is parsed, not searched. */
export function readSourceFile(path: string, text: string): SourceFile {
  const result = parseSync(path, text);
  if (result.errors[0] !== undefined) throw new Error(`Cannot parse ${path}: ${result.errors[0].message}`);
  const lineOf = lineFinder(text);
  return { imports: [...moduleImports(result, lineOf), ...lazyImports(result.program, lineOf)], impureUses: impureUses(result.program, lineOf) };
}

function lineFinder(text: string): (offset: number) => number {
  return (offset) => text.slice(0, offset).split("\n").length;
}

function moduleImports({ module }: ReturnType<typeof parseSync>, lineOf: (offset: number) => number): ModuleImport[] {
  const imports = module.staticImports.map((statement): ModuleImport => {
    const isType = statement.entries.length > 0 && statement.entries.every((entry) => entry.isType);
    return { specifier: statement.moduleRequest.value, kind: isType ? "type" : "static", line: lineOf(statement.start) };
  });
  const reExports = module.staticExports.flatMap((statement): ModuleImport[] => {
    const source = statement.entries.find((entry) => entry.moduleRequest !== null)?.moduleRequest;
    if (source == null) return [];
    return [{ specifier: source.value, kind: statement.entries.every((entry) => entry.isType) ? "type" : "static", line: lineOf(statement.start) }];
  });
  return [...imports, ...reExports];
}

/** `import("x")`, the type `import("x").T`, `require("x")`, `createRequire(…)("x")`, `import.meta.resolve("x")`. */
function lazyImports(program: Program, lineOf: (offset: number) => number): ModuleImport[] {
  const found: ModuleImport[] = [];
  const add = (node: Node, source: unknown, kind: ModuleImport["kind"]) => {
    const specifier = literalText(source);
    if (specifier !== null) found.push({ specifier, kind, line: lineOf(node.start) });
  };
  new Visitor({
    ImportExpression: (node) => add(node, node.source, "lazy"),
    TSImportType: (node) => add(node, node.source, "type"),
    CallExpression: (node) => {
      if (isModuleLookup(node.callee as unknown as Expression)) add(node, node.arguments[0], "lazy");
    },
  }).visit(program);
  return found;
}

function literalText(node: unknown): string | null {
  const expression = node as Expression | undefined;
  if (expression?.type === "Literal" && typeof expression["value"] === "string") return expression["value"];
  if (expression?.type !== "TemplateLiteral") return null;
  const quasis = expression["quasis"] as { value: { cooked: string | null } }[];
  return quasis.length === 1 ? (quasis[0]?.value.cooked ?? null) : null;
}

function isModuleLookup(callee: Expression): boolean {
  if (callee.type === "Identifier") return callee["name"] === "require";
  if (callee.type === "CallExpression") return nameOf(callee["callee"]) === "createRequire";
  if (callee.type !== "MemberExpression" || nameOf(callee["property"]) !== "resolve") return false;
  return typeOf(callee["object"]) === "MetaProperty" || nameOf(callee["object"]) === "require";
}

const typeOf = (node: unknown): string => (node as Expression | null)?.type ?? "";
const nameOf = (node: unknown): string | null => (typeOf(node) === "Identifier" ? ((node as Expression)["name"] as string) : null);

function impureUses(program: Program, lineOf: (offset: number) => number): ImpureUse[] {
  const found: ImpureUse[] = [];
  const add = (node: Node, what: string) => void found.push({ what, line: lineOf(node.start) });
  new Visitor({
    MemberExpression: (node) => {
      const object = nameOf(node.object);
      const property = nameOf(node.property) ?? literalText(node.property);
      const member = `${object}.${property}`;
      if (object !== null && (IMPURE_OBJECTS.has(object) || IMPURE_MEMBERS.has(member))) add(node, member);
    },
    NewExpression: (node) => {
      if (nameOf(node.callee) === "Date" && node.arguments.length === 0) add(node, "new Date()");
    },
    CallExpression: (node) => {
      const callee = nameOf(node.callee);
      if (callee !== null && IMPURE_FUNCTIONS.has(callee)) add(node, `${callee}()`);
    },
    // `const { env } = process`, `const clock = Date`
    VariableDeclarator: (node) => {
      const value = nameOf(node.init);
      if (value !== null && (IMPURE_OBJECTS.has(value) || value === "Date" || value === "Math")) add(node, value);
    },
    MetaProperty: (node) => {
      if (nameOf(node.meta) === "import") add(node, "import.meta");
    },
  }).visit(program);
  return found;
}
