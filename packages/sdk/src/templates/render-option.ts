import { TradewindError } from "@tradewind/core";
import { taskScope } from "../context.ts";
import type { TemplateContext } from "../operator.ts";
import { airflowNames } from "./airflow-names.ts";
import { evaluateSingle, type Names, renderTree } from "./jinja-evaluator.ts";
import { isTemplate, parseTemplate } from "./jinja-parser.ts";
import type { JinjaScope } from "./jinja-scope.ts";
import { type JinjaValue, toJson } from "./jinja-values.ts";
import { TemplateProblem } from "./template-problem.ts";

/**
 * The value of an operator's option for this run: every text in it that is a template in Jinja's syntax is rendered, also in lists and objects. Anything else stays as it is.
 * @throws TradewindError `invalid_template`
 */
export async function renderOption<T>(scope: JinjaScope, option: T, context: TemplateContext<unknown>, how: RenderOptions = {}): Promise<T> {
  if (!holdsTemplate(option)) return option;
  const names = airflowNames(taskScope("a template").runtime, context, how.names);
  const native = how.native ?? scope.dag.dialect?.nativeValues === true;
  const render = async (value: unknown, path: string): Promise<unknown> => {
    if (typeof value === "string") return isTemplate(value) ? renderText({ text: value, path, names, native, scope, context }) : value;
    if (Array.isArray(value)) return Promise.all(value.map((item, index) => render(item, `${path}[${index}]`)));
    if (!isPlainObject(value)) return value;
    const entries = await Promise.all(Object.entries(value).map(async ([key, member]) => [key, await render(member, `${path}.${key}`)] as const));
    return Object.fromEntries(entries);
  };
  return (await render(option, how.name ?? optionName(scope, option))) as T;
}

export interface RenderOptions {
  /** Of the option. Default: the one among the scope's that holds this value. */
  name?: string;
  /** A text that is one expression gives its value. Default: as the DAG says. */
  native?: boolean;
  /** Further names that the template sees. */
  names?: Readonly<Record<string, () => JinjaValue>>;
}

interface TextRequest {
  text: string;
  path: string;
  names: Names;
  native: boolean;
  scope: JinjaScope;
  context: TemplateContext<unknown>;
}

async function renderText(request: TextRequest): Promise<unknown> {
  const { text, names, native } = request;
  try {
    const root = parseTemplate(text);
    const single = native ? await evaluateSingle(root, names) : undefined;
    return single === undefined ? await renderTree(root, names) : toJson(single.value);
  } catch (error) {
    if (error instanceof TemplateProblem) throw templateError(error, request);
    throw error;
  }
}

function templateError({ message, place }: TemplateProblem, { text, path, scope, context }: TextRequest): TradewindError {
  const { dagId } = scope.dag;
  const option = path.startsWith(UNKNOWN) ? "an option" : `option "${path}"`;
  const { taskId } = context.task;
  const lines = text.split("\n");
  const where = place === null || lines.length === 1 ? "" : ` in line ${place.line}`;
  const quoted = (place === null ? text : (lines[place.line - 1] ?? text)).trim();
  return new TradewindError(
    "invalid_template",
    `The template in ${option} of task "${taskId}" in DAG "${dagId}" could not be rendered${where}: ${message}${/[.?!]$/.test(message) ? "" : "."} It is: ${quoted.length > 200 ? `${quoted.slice(0, 200)}…` : quoted}`,
    { details: { dagId, taskId, option: path, line: place?.line ?? null, column: place?.column ?? null } },
  );
}

/** Stands for an option's name that is not known. */
const UNKNOWN = "?";

/** Where the author wrote this value: an operator does not say which of its options it renders. */
function optionName(scope: JinjaScope, option: unknown): string {
  const found = Object.entries(scope.options ?? {}).find(([, value]) => value === option || (typeof option === "object" && isSame(value, option)));
  return found?.[0] ?? UNKNOWN;
}

function isSame(value: unknown, option: unknown): boolean {
  return JSON.stringify(value) === JSON.stringify(option);
}

function holdsTemplate(value: unknown): boolean {
  if (typeof value === "string") return isTemplate(value);
  if (Array.isArray(value)) return value.some(holdsTemplate);
  return isPlainObject(value) && Object.values(value).some(holdsTemplate);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
