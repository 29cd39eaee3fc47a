/** A variable or a connection that a source file names by a literal. */
export interface StaticReference {
  kind: "variable" | "connection";
  name: string;
  /** From 1. */
  line: number;
  /** The code has a default for when it is missing. */
  hasDefault: boolean;
}

const NAME = String.raw`(["'\x60])(?<name>[\w.:/-]+)\1`;
const TYPE = String.raw`(?:<[^()]*>)?`;

const PATTERNS: readonly { kind: StaticReference["kind"]; pattern: RegExp }[] = [
  { kind: "variable", pattern: new RegExp(String.raw`\bvariables\s*\.\s*(?:get|getJson)\s*${TYPE}\s*\(\s*${NAME}(?<rest>[^)]*)`, "gu") },
  { kind: "variable", pattern: new RegExp(String.raw`\bgetVariable(?:OrThrow)?\s*${TYPE}\s*\(\s*${NAME}(?<rest>[^)]*)`, "gu") },
  { kind: "connection", pattern: new RegExp(String.raw`\bconnections\s*\.\s*get\w*\s*${TYPE}\s*\(\s*${NAME}`, "gu") },
  { kind: "connection", pattern: new RegExp(String.raw`\bgetConnection\s*${TYPE}\s*\(\s*${NAME}`, "gu") },
  { kind: "connection", pattern: new RegExp(String.raw`\b(?:connection|connectionId)\s*:\s*${NAME}`, "gu") },
];

/** Those of templates in Jinja's syntax, and of YAML. */
const TEXT_PATTERNS: readonly { kind: StaticReference["kind"]; pattern: RegExp }[] = [
  { kind: "variable", pattern: /\{[{%][^}]*?\bvar\.(?:value|json)\.(?<name>\w+)/gu },
  { kind: "connection", pattern: /\{[{%][^}]*?\bconn\.(?<name>\w+)/gu },
];
const YAML_CONNECTION = /^\s*connection:\s*["']?(?<name>[\w.:/-]+)/gmu;

/** What a source file says by name. Names that are worked out are not found. */
export function findReferences(path: string, source: string): StaticReference[] {
  const isYaml = /\.ya?ml$/u.test(path);
  const text = isYaml ? source.replaceAll(/(^|\s)#.*$/gmu, "") : withoutComments(source);
  const patterns = isYaml ? [...TEXT_PATTERNS, { kind: "connection" as const, pattern: YAML_CONNECTION }] : [...PATTERNS, ...TEXT_PATTERNS];
  const found = patterns.flatMap(({ kind, pattern }) =>
    [...text.matchAll(pattern)].map((match): StaticReference => {
      const { name, rest = "" } = match.groups!;
      return { kind, name: name!, line: text.slice(0, match.index).split("\n").length, hasDefault: /\bdefault\s*:/u.test(rest) };
    }),
  );
  return found.sort((one, other) => one.line - other.line);
}

/** Comments become blanks, so that lines stay where they are; texts are left alone. */
function withoutComments(source: string): string {
  return source.replaceAll(/(["'`])(?:\\.|(?!\1)[^\\])*\1|\/\*[\s\S]*?\*\/|\/\/[^\n]*/gu, (match) =>
    match.startsWith("/") ? match.replaceAll(/[^\n]/gu, " ") : match,
  );
}
