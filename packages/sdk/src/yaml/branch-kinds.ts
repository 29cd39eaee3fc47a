import type { Json } from "@tradewind/core";
import { z } from "zod";
import { operator } from "../operator.ts";
import { isLatestRun, LATEST_ONLY } from "../latest-only.ts";
import { json, template, texts } from "./fields.ts";
import { type OperatorKind, operatorKind, withDownstreamRules } from "./operator-kinds.ts";
import { conditionOf, valueOf } from "./template-handlers.ts";

const condition = template.describe("An expression such as {{ params.full }}: true unless it is empty, 0, false or None.");

/**
 * The tasks of YAML DAGs that decide which tasks follow. What they decide by is a template, evaluated as a value and not as a text; `if` and `switch` name their tasks and groups, and
 * are wired when the DAG is built.
 */
export const BRANCHES: readonly OperatorKind[] = [
  operatorKind(
    "if",
    "Follows one side or the other.",
    // A name in a schema, and never a function.
    // oxlint-disable-next-line unicorn/no-thenable
    { condition, then: texts.describe("Ids of the tasks and groups to follow when it is true."), else: texts.optional(), join: texts.optional() },
    (id, { condition: text, then: _then, else: _else, join: _join, ...options }) =>
      operator(id, { operator: "branch", handler: conditionOf(text, "condition"), options }),
  ),
  operatorKind(
    "switch",
    "Follows the case that equals a value.",
    {
      value: template.describe("An expression such as {{ params.mode }}."),
      cases: z.record(z.string(), texts).describe("Ids of the tasks and groups to follow, by the value as text."),
      default: texts.optional(),
      join: texts.optional(),
    },
    (id, { value, cases: _cases, default: _default, join: _join, ...options }) =>
      operator(id, { operator: "branch", handler: async (inputs: never) => caseOf(await valueOf(value, "value")(inputs)), options }),
  ),
  operatorKind(
    "shortCircuit",
    "Skips everything downstream when its condition is not true.",
    { condition, respectDownstreamRules: z.boolean().optional() },
    (id, { condition: text, respectDownstreamRules = false, ...options }) =>
      withDownstreamRules(
        operator(id, { operator: "short_circuit", kind: "short_circuit", handler: conditionOf(text, "condition"), options }),
        respectDownstreamRules,
      ),
  ),
  operatorKind("latestOnly", "Lets only the newest run go on.", {}, (id, options) =>
    withDownstreamRules(operator(id, { operator: LATEST_ONLY, kind: "short_circuit", handler: isLatestRun, options }), true),
  ),
  operatorKind(
    "value",
    "Gives a value: its texts are templates, and a text that is one expression gives the value itself.",
    { value: json },
    (id, { value, ...options }) => operator(id, { operator: "value", handler: valueOf(value, "value"), options }),
  ),
];

/** The text that a case is compared with. YAML's keys are texts, so the case `true:` is that of the value true. */
function caseOf(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
