import { z } from "zod";

/**
 * What author code may ask for while an attempt runs, under the attempt's token. The child asks its host by IPC, the host calls the server: author code never sees the token.
 */
export const XComQuery = z.object({
  taskId: z.string(),
  key: z.string().default("return_value"),
  /** Absent: the current run. */
  runId: z.string().optional(),
  dagId: z.string().optional(),
  /** Absent: of a mapped task the list of all, else the single value. */
  mapIndex: z.number().optional(),
});
export type XComQuery = z.infer<typeof XComQuery>;

/** `found: false` is an answer, not an error. */
export const XComAnswer = z.object({ found: z.boolean(), value: z.any() });
export type XComAnswer = z.infer<typeof XComAnswer>;

export const XComWrite = z.object({ key: z.string(), value: z.any() });
export type XComWrite = z.infer<typeof XComWrite>;

/** Options of the task as their templates came out, by name: of the ones sent before, those named again are replaced. Secrets are masked. */
export const RenderedFieldsWrite = z.object({ fields: z.record(z.string(), z.any()) });
export type RenderedFieldsWrite = z.infer<typeof RenderedFieldsWrite>;

export const VariableAnswer = z.object({ found: z.boolean(), value: z.string().nullable() });
export type VariableAnswer = z.infer<typeof VariableAnswer>;

/** `description`: absent or null leaves the one that is stored. */
export const VariableWrite = z.object({ value: z.string(), description: z.string().nullable().optional() });
export type VariableWrite = z.infer<typeof VariableWrite>;

/** A connection with its secrets: the runner masks `password` and the secret members of `extra` in all later log lines of the attempt. */
export const ConnectionValue = z.object({
  connectionId: z.string(),
  connType: z.string(),
  description: z.string().nullable(),
  host: z.string().nullable(),
  port: z.number().nullable(),
  login: z.string().nullable(),
  password: z.string().nullable(),
  schema: z.string().nullable(),
  extra: z.record(z.string(), z.any()),
});
export type ConnectionValue = z.infer<typeof ConnectionValue>;
export const ConnectionAnswer = z.object({ found: z.boolean(), connection: ConnectionValue.nullable() });
export type ConnectionAnswer = z.infer<typeof ConnectionAnswer>;

export const TriggerRequest = z.object({
  dagId: z.string(),
  runId: z.string().optional(),
  logicalDate: z.string().nullable().optional(),
  conf: z.record(z.string(), z.any()).optional(),
});
export type TriggerRequest = z.infer<typeof TriggerRequest>;
export const RunAnswer = z.object({ found: z.boolean(), runId: z.string(), state: z.string().nullable() });
export type RunAnswer = z.infer<typeof RunAnswer>;

/** Which states to look at: of a run of any DAG, by its run id or its logical date, and of tasks in it. */
export const TaskStatesQuery = z.object({
  dagId: z.string(),
  runId: z.string().optional(),
  /** ISO 8601. */
  logicalDate: z.string().optional(),
  /** Absent, and no group: of the run alone. */
  taskIds: z.array(z.string()).optional(),
  taskGroupId: z.string().optional(),
});
export type TaskStatesQuery = z.infer<typeof TaskStatesQuery>;

export const TaskStatesAnswer = z.object({
  dagFound: z.boolean(),
  /** null: there is no such run (yet). */
  run: z.object({ runId: z.string(), state: z.string() }).nullable(),
  /** What was asked for and is neither a task nor a group of the DAG: in the version the run is of, without a run in the newest one. */
  unknownIds: z.array(z.string()),
  /** Every instance of the tasks asked for; `state` null: not scheduled yet. */
  tasks: z.array(z.object({ taskId: z.string(), mapIndex: z.number(), state: z.string().nullable() })),
});
export type TaskStatesAnswer = z.infer<typeof TaskStatesAnswer>;
