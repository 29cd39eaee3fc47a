import { checkValue } from "./check-value.ts";
import { type Draft, readDraft, toDraft } from "./field-values.ts";
import type { Json, ParamField } from "./param-fields.ts";

export type Conf = { [name: string]: Json };

/** A form in the middle of being filled in. */
export interface FormValues {
  drafts: Readonly<Record<string, Draft>>;
  /** Of conf what is no param: kept as it is. */
  extra: Conf;
}

/** The form of a conf: what it leaves out is at its default. */
export function formOf(fields: readonly ParamField[], conf: Conf, zone: string): FormValues {
  const names = new Set(fields.map(({ name }) => name));
  return {
    drafts: Object.fromEntries(
      fields.map((field) => [field.name, toDraft(field, Object.hasOwn(conf, field.name) ? conf[field.name]! : field.default, zone)]),
    ),
    extra: Object.fromEntries(Object.entries(conf).filter(([name]) => !names.has(name))),
  };
}

export interface Filled {
  conf: Conf;
  /** By param. */
  problems: Readonly<Record<string, string>>;
}

/** The conf that a form makes, and what is wrong with it. A param that is left empty and has no default is left out, so that the server says the same. */
export function fillIn(fields: readonly ParamField[], { drafts, extra }: FormValues, zone: string): Filled {
  const conf: Conf = {};
  const problems: Record<string, string> = {};
  for (const field of fields) {
    const read = readDraft(field, drafts[field.name] ?? "", zone);
    if ("problem" in read) {
      problems[field.name] = read.problem;
      continue;
    }
    const { value } = read;
    if (value === null && field.isRequired) problems[field.name] = "This must be given.";
    else if (value === null && !field.isNullable) {
      // A default of null is right however the schema is: only what somebody made empty is missing.
      if (field.default === null) conf[field.name] = null;
      else problems[field.name] = "This must be given.";
    } else {
      const problem = value === null ? undefined : checkValue(field.schema, value);
      if (problem !== undefined) problems[field.name] = problem;
      conf[field.name] = value;
    }
  }
  return { conf: { ...conf, ...extra }, problems };
}

/** What the server found wrong, by param: it begins each sentence with the param's name in quotes. The rest belongs to the form as a whole. */
export function problemsByParam(fields: readonly ParamField[], problems: readonly string[]): { byParam: Record<string, string>; others: string[] } {
  const byParam: Record<string, string> = {};
  const others: string[] = [];
  for (const problem of problems) {
    const field = fields.find(({ name }) => problem.startsWith(`"${name}" `));
    if (field === undefined) others.push(problem);
    else byParam[field.name] = problem.slice(field.name.length + 3);
  }
  return { byParam, others };
}
