import { TASK_INSTANCE_STATES } from "@tradewind/core";
import { z } from "zod";
import * as sensors from "../sensors/index.ts";
import { duration, fileLocation, json, parameters, plain, template, textMap } from "./fields.ts";
import { type OperatorKind, operatorKind } from "./operator-kinds.ts";

const waiting = {
  mode: z.enum(["poke", "reschedule"]).optional().describe("reschedule holds nothing between two looks."),
  pokeInterval: duration.optional().describe("Between two looks. Default 60s."),
  timeout: duration.optional().describe("In all, from the first look on. Default 7d."),
  softFail: z.boolean().optional().describe("A timeout skips the task instead of failing it."),
  neverFail: z.boolean().optional(),
  silentFail: z.boolean().optional(),
  exponentialBackoff: z.boolean().optional(),
  maxWait: duration.optional(),
};

const weekDay = z.enum(["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]);
const timezone = plain.optional();

/** Those of task instances; the states of runs are among them. */
const state = z.enum(TASK_INSTANCE_STATES);

/** Every sensor that a YAML DAG may name as its `operator`. */
export const SENSORS: readonly OperatorKind[] = [
  operatorKind("timeSensor", "Waits until a time of the day.", { ...waiting, targetTime: plain, timezone }, (id, options) =>
    sensors.timeSensor(id, options),
  ),
  operatorKind("dateTimeSensor", "Waits until a point in time.", { ...waiting, targetTime: template }, (id, options) =>
    sensors.dateTimeSensor(id, options),
  ),
  operatorKind("timeDeltaSensor", "Waits for some time after the run's data interval.", { ...waiting, delta: duration }, (id, options) =>
    sensors.timeDeltaSensor(id, options),
  ),
  operatorKind(
    "dayOfWeekSensor",
    "Waits for a day of the week.",
    { ...waiting, weekDay: z.union([weekDay, z.array(weekDay)]), useTaskLogicalDate: z.boolean().optional(), timezone },
    (id, options) => sensors.dayOfWeekSensor(id, options),
  ),
  operatorKind(
    "httpSensor",
    "Waits for a good answer over HTTP.",
    {
      ...waiting,
      url: template,
      method: plain.optional(),
      headers: textMap.optional(),
      query: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
      body: json.optional(),
      connection: plain.optional(),
      notYetStatuses: z.array(z.int()).optional(),
      requestTimeout: duration.optional(),
    },
    (id, options) => sensors.httpSensor(id, options),
  ),
  operatorKind("fileSensor", "Waits for files; the result is the list of them.", { ...waiting, path: fileLocation }, (id, options) =>
    sensors.fileSensor(id, options),
  ),
  operatorKind(
    "externalTaskSensor",
    "Waits for tasks, a task group or a whole run of another DAG.",
    {
      ...waiting,
      dagId: template,
      taskId: template.optional(),
      taskIds: z.array(z.string()).optional(),
      taskGroupId: template.optional(),
      allowedStates: z.array(state).optional(),
      failedStates: z.array(state).optional(),
      skippedStates: z.array(state).optional(),
      executionDelta: duration.optional(),
      runId: template.optional(),
      checkExistence: z.boolean().optional(),
    },
    (id, options) => sensors.externalTaskSensor(id, options),
  ),
  operatorKind(
    "sqlSensor",
    "Waits until a query gives something.",
    { ...waiting, connection: plain, sql: template, parameters: parameters.optional(), failOnEmpty: z.boolean().optional() },
    (id, options) => sensors.sqlSensor(id, options),
  ),
];
