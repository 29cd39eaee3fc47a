import { TradewindError } from "@tradewind/core";
import type { TaskFunction } from "./node-types.ts";

/** The names under which arguments arrive, by the names that the handler gives them. */
export type ArgNameMap<TArgs> = { readonly [Name in keyof TArgs]?: string };

/**
 * Gives a handler some of its arguments under other names than those it was called with. What the map does not name passes as it is, and so does a
 * mapped argument that arrives under the handler's own name.
 *
 * @example
 * const report = withArgNames({ label: "run_label" }, async ({ label }: { label: string }) => label.trim());
 * @throws TradewindError `invalid_dag` for a map that is no object of names
 */
export function withArgNames<TArgs, TReturn>(names: ArgNameMap<NoInfer<TArgs>>, handler: TaskFunction<TArgs, TReturn>): TaskFunction<TArgs, TReturn> {
  const entries = Object.entries<unknown>(names ?? {});
  const wrong = entries.find(([, name]) => typeof name !== "string" || name === "");
  if (wrong !== undefined || typeof handler !== "function") {
    const what = wrong === undefined ? "no function" : `${JSON.stringify(wrong[1])} as the name of "${wrong[0]}"`;
    throw new TradewindError("invalid_dag", `withArgNames() was given ${what}. Write withArgNames({ argument: "name_in_the_call" }, handler).`);
  }
  const renamed = (given: TArgs) => {
    const passed = { ...(given as Record<string, unknown>) };
    const args = { ...passed };
    for (const [argument, name] of entries as [string, string][]) {
      if (!Object.hasOwn(passed, name)) continue;
      args[argument] = passed[name];
      if (name !== argument && !entries.some(([other]) => other === name)) delete args[name];
    }
    return handler(args as TArgs);
  };
  // A task without an id takes the one of its handler.
  return Object.defineProperty(renamed, "name", { value: handler.name });
}
