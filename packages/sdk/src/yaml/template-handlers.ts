import type { Json } from "@tradewind/core";
import { type TemplateContext, templateContext } from "../operator.ts";
import { isTruthy } from "../templates/jinja-values.ts";
import { currentJinjaScope } from "../templates/jinja-scope.ts";
import { renderOption } from "../templates/render-option.ts";

/** The value of an option as a value: a text that is one expression gives what it evaluates to. Works inside a Jinja scope only. */
export async function evaluated(option: Json, context: TemplateContext<unknown>, name: string): Promise<Json> {
  const scope = currentJinjaScope();
  if (scope === undefined) return option;
  const { dialect } = scope.dag;
  const native = { ...scope, dag: { ...scope.dag, dialect: { language: dialect?.language ?? "yaml", nativeValues: true } as const } };
  return renderOption(native, option, context, name);
}

const FALSE = new Set(["", "false", "none", "null", "0", "no", "off"]);

/** As Python and YAML see it: nothing, zero, what is empty, and texts that say no are false. */
export function isTrue(value: Json): boolean {
  return typeof value === "string" ? !FALSE.has(value.trim().toLowerCase()) : isTruthy(value);
}

/** A handler that gives the value of a template. */
export function valueOf(option: Json, name: string): (inputs: never) => Promise<Json> {
  return (inputs) => evaluated(option, templateContext<unknown>(inputs), name);
}

/** A handler that gives whether a template is true. */
export function conditionOf(text: string, name: string): (inputs: never) => Promise<boolean> {
  const value = valueOf(text, name);
  return async (inputs) => isTrue(await value(inputs));
}
