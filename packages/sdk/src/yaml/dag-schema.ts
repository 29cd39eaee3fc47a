import { DAG_RUN_TYPES } from "@tradewind/core";
import { z } from "zod";
import { BRANCHES } from "./branch-kinds.ts";
import { count, dagId, duration, instant, json, localId, template, texts } from "./fields.ts";
import type { OperatorKind } from "./operator-kinds.ts";
import { callbacks } from "./notifiers.ts";
import { OPERATORS } from "./operators.ts";
import { SENSORS } from "./sensors.ts";
import { defaultArgs } from "./task-fields.ts";

/** Every value of `operator`, by name. */
export const KINDS: ReadonlyMap<string, OperatorKind> = new Map([...OPERATORS, ...SENSORS, ...BRANCHES].map((kind) => [kind.name, kind]));

const cron = z.strictObject({
  cron: texts.describe("Five fields, or a preset such as @daily; several lines are possible."),
  timezone: z.string().optional(),
  interval: duration.optional().describe("Length of the data interval that ends at the tick."),
  dataInterval: z.boolean().optional().describe("A run covers the time from one tick to the next, and is made at the later one."),
  runImmediately: z.union([z.boolean(), duration]).optional(),
});
const every = z.strictObject({ every: duration, interval: duration.optional(), dataInterval: z.boolean().optional() });
const events = z.strictObject({ events: z.array(instant), restrictToEvents: z.boolean().optional(), description: z.string().optional() });

export const schedule = z
  .union([z.string(), z.array(z.string()), cron, every, events, z.null()], {
    error: 'must be a cron line, a preset such as "@daily", a list of cron lines, { cron }, { every: "10m" }, { events } or null',
  })
  .meta({ id: "schedule" });

const [first, ...others] = [...KINDS.values()].map((kind) => kind.schema);
const task = z.discriminatedUnion("operator", [first, ...others] as never).meta({ id: "task" });
const tasks = z.record(localId, task).describe("The tasks, by id.");

const loop = z.strictObject({
  maxIterations: count(1),
  result: z.string().describe("Id of the task whose result the condition and the next iteration see."),
  until: template.optional().describe("An expression over {{ result }}: true ends the loop. Default: exactly maxIterations iterations."),
});

/** A group of tasks; groups nest. */
const group = z
  .strictObject({
    displayName: z.string().optional(),
    tooltip: z.string().optional(),
    prefixGroupId: z.boolean().optional(),
    after: texts.optional().describe("Ids of the tasks and groups this group comes after."),
    defaultArgs: defaultArgs.optional(),
    retries: count(0).optional().describe("How often the whole group is run again after it has ended with a failure."),
    retryDelay: duration.optional(),
    inputs: z.record(z.string(), json).optional().describe("Of a mapped group: inputs that are the same in every instance."),
    expand: z.record(z.string(), json).optional().describe("The group runs once per member of a list; its tasks take {{ group.name }} as inputs."),
    expandKwargs: z.union([template, z.array(json)]).optional(),
    loop: loop.optional().describe("The group runs again and again; its tasks take {{ loop.index }} and {{ loop.previous }} as inputs."),
    tasks: tasks.optional(),
    get groups() {
      return z.record(localId, group).optional();
    },
  })
  .meta({ id: "group" });

/** A whole YAML DAG. */
export const dagSchema = z
  .strictObject({
    $schema: z.string().optional(),
    dagId: dagId.describe("The id of the DAG."),
    schedule: schedule.optional().describe("When it runs. Default: only by hand or by the API."),
    startDate: instant.optional().describe("The first logical date."),
    endDate: instant.optional().describe("The last logical date, inclusive."),
    catchup: z.boolean().optional().describe("Make the runs since startDate that were missed."),
    timezone: z.string().optional().describe("IANA zone of cron lines and of dates without an offset."),
    displayName: z.string().optional(),
    description: z.string().optional(),
    doc: z.string().optional().describe("Markdown."),
    owner: z.string().optional(),
    tags: z.array(z.string()).optional(),
    maxActiveRuns: count(1).optional(),
    maxActiveTasks: count(1).optional(),
    dagrunTimeout: duration.optional(),
    maxConsecutiveFailedDagRuns: count(0).optional(),
    failFast: z.boolean().optional(),
    isPausedUponCreation: z.boolean().optional(),
    allowedRunTypes: z.array(z.enum(DAG_RUN_TYPES)).min(1).optional().describe("The only types of runs it may have. Default: all."),
    renderTemplateAsNativeObj: z.boolean().optional().describe("A text that is one template gives its value, and not its text."),
    params: z.record(z.string(), json).optional().describe("Values a run can be given: a JSON schema with a default, or just the default."),
    onSuccess: callbacks.optional().describe("Told when a run has succeeded."),
    onFailure: callbacks.optional().describe("Told when a run has failed."),
    defaultArgs: defaultArgs.optional().describe("Options for all tasks that do not say otherwise."),
    tasks: tasks.optional(),
    groups: z.record(localId, group).optional().describe("Groups of tasks, by id."),
  })
  .describe("A DAG of Tradewind.");

export type DagDocument = z.infer<typeof dagSchema>;
export type GroupDocument = z.infer<typeof group>;
export type TaskDocument = { operator: string } & Record<string, unknown>;
