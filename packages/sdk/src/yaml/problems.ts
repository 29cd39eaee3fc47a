import { nearestName } from "@tradewind/core";
import type { z } from "zod";
import { dagSchema, KINDS } from "./dag-schema.ts";
import { type YamlDocument, yamlError, type YamlPlace } from "./yaml-document.ts";
import type { DagDocument } from "./dag-schema.ts";

type Issue = z.core.$ZodIssue;
type Path = readonly (string | number)[];

interface Problem {
  message: string;
  place: YamlPlace;
}

/**
 * A document as a DAG whose options have the right names and types.
 * @throws TradewindError `invalid_dag` that tells all problems, at the place of the first
 */
export function checkDocument(document: YamlDocument): DagDocument {
  const result = dagSchema.safeParse(document.value);
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) => problemsOf(issue, document));
  problems.sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column);
  const [first, ...others] = problems as [Problem, ...Problem[]];
  const message = [first.message, ...others.map(({ message: text, place }) => `Line ${place.line}, column ${place.column}: ${text}`)].join("\n");
  throw yamlError(message, first.place, dagIdOf(document));
}

function dagIdOf(document: YamlDocument): { dagId?: string } {
  const { dagId } = (document.value ?? {}) as { dagId?: unknown };
  return typeof dagId === "string" ? { dagId } : {};
}

function problemsOf(issue: Issue, document: YamlDocument): Problem[] {
  const path = issue.path as Path;
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ message: unknownKey(document, path, key), place: document.placeOfKey([...path, key]) }));
  }
  if (issue.code === "invalid_key")
    return [{ message: `${whatIs(path)} has a name that ${issue.issues[0]?.message ?? "is not allowed"}.`, place: document.placeOfKey(path) }];
  return [{ message: sentence(describe(issue, valueAt(document.value, path), path)), place: document.placeOf(path) }];
}

function describe(issue: Issue, found: unknown, path: Path): string {
  const isMissing = found === undefined;
  if (issue.code === "invalid_union" && issue.discriminator === "operator") return unknownOperator(found, path);
  if (isMissing)
    return `${whatIs(path.slice(0, -1))} lacks "${String(path.at(-1))}"${expectation(issue) === "" ? "" : `, which ${expectation(issue)}`}`;
  return `${whatIs(path)} is ${show(found)}: it ${expectation(issue)}`;
}

/** What a value must be, as a sentence without its subject. */
function expectation(issue: Issue): string {
  if (/^(?:must|is|has) /.test(issue.message)) return issue.message;
  if (issue.code === "invalid_type") return `must be ${NOUNS[issue.expected] ?? `a ${issue.expected}`}`;
  if (issue.code === "invalid_value")
    return `must be ${issue.values.length === 1 ? show(issue.values[0]) : `one of ${issue.values.map(String).join(", ")}`}`;
  return `is not allowed (${issue.message})`;
}

const NOUNS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map",
  record: "a map",
};

function unknownOperator(found: unknown, path: Path): string {
  const owner = whatIs(path.slice(0, -1));
  if (found === undefined) return `${owner} lacks "operator". Write one of ${[...KINDS.keys()].join(", ")}`;
  const nearest = typeof found === "string" ? nearestName(found, KINDS.keys()) : undefined;
  return nearest === undefined
    ? `${owner} has the operator ${show(found)}, which is not known. Known are ${[...KINDS.keys()].join(", ")}`
    : `${owner} has the operator ${show(found)}, which is not known; did you mean "${nearest}"?`;
}

function unknownKey(document: YamlDocument, path: Path, key: string): string {
  const known = knownKeys(valueAt(document.value, path), path);
  const camel = key.replace(/_([a-z])/g, (_whole, letter: string) => letter.toUpperCase());
  const meant = known.includes(camel) ? camel : nearestName(key, known);
  const advice = meant === undefined ? `. Known are ${known.join(", ")}` : `; did you mean "${meant}"?`;
  return sentence(`"${key}" is not known in ${wordsOf(path)}${advice}`);
}

function knownKeys(owner: unknown, path: Path): string[] {
  const kind = path.at(-2) === "tasks" ? KINDS.get((owner as { operator?: string }).operator ?? "") : undefined;
  if (kind !== undefined) return Object.keys(kind.schema.shape);
  return schemaKeysAt(path);
}

/** Names that the schema has at a path, by walking along it. */
function schemaKeysAt(path: Path): string[] {
  let schema: unknown = dagSchema;
  for (const name of path) schema = memberSchema(inner(schema), String(name));
  const shape = (inner(schema) as { shape?: object } | undefined)?.shape;
  return shape === undefined ? [] : Object.keys(shape);
}

function inner(schema: unknown): unknown {
  let found = schema as { unwrap?: () => unknown; def?: { type?: string } } | undefined;
  while (found?.def?.type === "optional" && found.unwrap) found = found.unwrap() as typeof found;
  return found;
}

function memberSchema(schema: unknown, name: string): unknown {
  const { shape, valueType, element } = (schema ?? {}) as { shape?: Record<string, unknown>; valueType?: unknown; element?: unknown };
  return shape?.[name] ?? valueType ?? element;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (part, name) => (typeof part === "object" && part !== null ? (part as Record<string | number, unknown>)[name] : undefined),
    value,
  );
}

function sentence(text: string): string {
  return text.endsWith("?") ? text : `${text}.`;
}

/** As `wordsOf`, to begin a sentence. */
function whatIs(path: Path): string {
  const words = wordsOf(path);
  return words[0]!.toUpperCase() + words.slice(1);
}

/** A thing of the document in words: `"retries" of task "load"`. */

function wordsOf(path: Path): string {
  if (path.length === 0) return "the DAG";
  const name = String(path.at(-1));
  const holder = path.at(-2);
  if (holder === "tasks" || holder === "groups") return `${holder === "tasks" ? "task" : "group"} "${name}"`;
  // The innermost task or group around it; -1: it is an option of the DAG.
  const start = path.findLastIndex((_, index) => path[index - 1] === "tasks" || path[index - 1] === "groups");
  const option = path
    .slice(start + 1)
    .map((part, index) => (typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join("");
  return start === -1 ? `"${option}"` : `"${option}" of ${wordsOf(path.slice(0, start + 1))}`;
}

function show(value: unknown): string {
  const text = typeof value === "string" ? `"${value}"` : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
