import type { Json } from "@tradewind/core";
import { type TemplateContext, templateContext } from "../operator.ts";
import { currentJinjaScope, type JinjaScope, withJinja } from "../templates/jinja-scope.ts";
import { isTruthy } from "../templates/jinja-values.ts";
import { renderOption, type RenderOptions } from "../templates/render-option.ts";

const FALSE = new Set(["", "false", "none", "null", "0", "no", "off"]);

/** As Python and YAML see it: nothing, zero, what is empty, and texts that say no are false. */
export function isTrue(value: Json): boolean {
  return typeof value === "string" ? !FALSE.has(value.trim().toLowerCase()) : isTruthy(value);
}

/** A handler of an operator that gives the value of one of its options: a text that is one expression gives what it evaluates to. */
export function valueOf(option: Json, name: string): (inputs: never) => Promise<Json> {
  return async (inputs) => {
    const scope = currentJinjaScope();
    return scope === undefined ? option : renderOption(scope, option, templateContext<unknown>(inputs), { name, native: true });
  };
}

/** A handler that gives whether an option is true. */
export function conditionOf(text: string, name: string): (inputs: never) => Promise<boolean> {
  const value = valueOf(text, name);
  return async (inputs) => isTrue(await value(inputs));
}

/**
 * Renders an option where the author of TypeScript would have written a function of the context.
 * @example
 * options.skipIf = async (context) => isTrue(await renderIn(scope, skipIf, context, { name: "skipIf", native: true }));
 */
export function renderIn<T>(scope: JinjaScope, option: T, context: object, how: RenderOptions): Promise<T> {
  const render = withJinja(scope, () => renderOption(scope, option, context as TemplateContext<unknown>, how));
  return render();
}
