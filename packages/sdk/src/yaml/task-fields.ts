import { TRIGGER_RULES, WEIGHT_RULES } from "@tradewind/core";
import { z } from "zod";
import { count, duration, instant, json, plain, template, texts } from "./fields.ts";
import { callbacks } from "./notifiers.ts";

const retryRule = z.strictObject({
  error: z.string().optional().describe("Class name of the error."),
  message: z.string().optional().describe("A part of the error's message."),
  code: z.union([z.string(), z.number(), z.array(z.union([z.string(), z.number()]))]).optional(),
  action: z.enum(["retry", "fail", "default"]),
  delay: duration.optional().describe("Until the next try."),
  reason: z.string().optional().describe("Shown with the failure."),
});

/** How a task is scheduled and run: what `defaultArgs` may hold too. Names, meanings and defaults are those of the same options in TypeScript. */
export const taskOptionFields = {
  displayName: plain.optional().describe("Shown to people instead of the id."),
  doc: z.string().optional().describe("Markdown, shown with the task."),
  owner: plain.optional(),
  retries: count(0).optional().describe("How often a failed try is repeated."),
  retryDelay: duration.optional().describe("Between the end of a failed try and the next one."),
  retryExponentialBackoff: z
    .union([z.number(), z.boolean()], { error: "must be a number, true or false" })
    .optional()
    .describe("The delay is multiplied by this per try; true is 2."),
  maxRetryDelay: duration.optional(),
  executionTimeout: duration.optional().describe("Wall time of one try."),
  triggerRule: z.enum(TRIGGER_RULES).optional().describe("When the task may run, judged by how its upstreams ended."),
  pool: plain.optional(),
  poolSlots: count(1).optional(),
  priorityWeight: z.int().optional(),
  weightRule: z.enum(WEIGHT_RULES).optional(),
  queue: plain.optional(),
  executor: plain.optional(),
  maxActiveTisPerDag: count(1).optional(),
  maxActiveTisPerDagrun: count(1).optional(),
  dependsOnPast: z.boolean().optional(),
  waitForDownstream: z.boolean().optional(),
  ignoreFirstDependsOnPast: z.boolean().optional(),
  waitForPastDependsBeforeSkipping: z.boolean().optional().describe("What is to be skipped waits until its past would let it run."),
  retryPolicy: z.array(retryRule).optional().describe("What an error means for the retries: the first rule that fits decides."),
  isolation: z.enum(["warm", "process"]).optional(),
  memoryLimitMb: count(1).optional(),
  startDate: instant.optional(),
  endDate: instant.optional(),
  onExecute: callbacks.optional().describe("Told before the task runs."),
  onSuccess: callbacks.optional().describe("Told when the task has succeeded."),
  onFailure: callbacks.optional().describe("Told when the task has failed for good."),
  onRetry: callbacks.optional().describe("Told when a try has failed and another one follows."),
  onSkipped: callbacks.optional().describe("Told when the task has skipped itself."),
};

export const defaultArgs = z.strictObject(taskOptionFields).meta({ id: "defaultArgs" });

const teardown = z.union(
  [
    z.literal(true),
    z.string(),
    z.array(z.string()),
    z.strictObject({
      setups: texts.optional(),
      onFailureFailDagRun: z.boolean().optional().describe("Its failure fails the run. Default false."),
    }),
  ],
  { error: "must be true, the id of a setup, a list of them, or { setups, onFailureFailDagRun }" },
);

/** Where a task stands in its DAG, and what it is given. */
export const wiringFields = {
  after: texts.optional().describe("Ids of the tasks and groups this one comes after."),
  inputs: z
    .record(z.string(), json)
    .optional()
    .describe(
      "Named inputs: constants, or references such as \"{{ ti.xcom_pull('extract') }}\". The operator's options name them as {{ inputs.name }}.",
    ),
  expand: z
    .record(z.string(), json)
    .optional()
    .describe(
      "One instance of the task per member of a list: a constant list, or a reference to a task's result. With several, one per combination.",
    ),
  expandKwargs: z
    .union([template, z.array(json)])
    .optional()
    .describe("One instance per object of a list; its members are inputs."),
  setup: z.literal(true).optional().describe("Everything below it, as far as its teardown, needs it."),
  teardown: teardown.optional().describe("Undoes setups: runs when everything above it has ended."),
  mapIndexTemplate: template.optional().describe("Of a mapped task: a label for each instance, such as {{ inputs.file }}."),
  skipIf: template.optional().describe("An expression: the task is skipped when it is true."),
  runIf: template.optional().describe("An expression: the task is skipped unless it is true."),
};

export const taskFields = { ...taskOptionFields, ...wiringFields };
export type TaskOptionValues = z.infer<typeof defaultArgs>;
export type Wiring = z.infer<z.ZodObject<typeof wiringFields>>;
