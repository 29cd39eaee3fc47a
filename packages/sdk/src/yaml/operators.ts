import { z } from "zod";
import * as operators from "../operators/index.ts";
import { count, duration, fileLocation, json, parameters, plain, template, textMap, texts } from "./fields.ts";
import { type OperatorKind, operatorKind } from "./operator-kinds.ts";

const connection = plain.describe("Id of a connection.");
const check = { connection, retryOnFailure: z.boolean().optional() };
const tableCheck = { ...check, table: template, partitionClause: template.optional().describe("A condition on the rows, as SQL without where.") };
const runState = z.enum(["queued", "running", "success", "failed"]);

const attachment = z.union([
  z.string(),
  z.strictObject({ path: z.string(), filename: z.string().optional() }),
  z.strictObject({ filename: z.string(), content: z.string(), contentType: z.string().optional() }),
]);

const mount = z.strictObject({
  source: plain.optional(),
  target: plain,
  type: z.enum(["bind", "volume", "tmpfs"]).optional(),
  readOnly: z.boolean().optional(),
});

const comparison = z.strictObject({
  equal_to: z.number().optional(),
  greater_than: z.number().optional(),
  geq_to: z.number().optional(),
  less_than: z.number().optional(),
  leq_to: z.number().optional(),
  tolerance: z.number().optional(),
  partition_clause: plain.optional(),
});

const columnChecks = z.strictObject({
  null_check: comparison.optional(),
  distinct_check: comparison.optional(),
  unique_check: comparison.optional(),
  min: comparison.optional(),
  max: comparison.optional(),
});

const request = {
  url: template.describe("Absolute, or with a connection a path below its host."),
  method: plain.optional(),
  headers: textMap.optional(),
  query: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  body: json.optional().describe("A text is sent as it is, anything else as JSON."),
  connection: connection.optional(),
};

/** Every `operator` that a YAML DAG may name, sensors apart. Texts in their options are templates. */
export const OPERATORS: readonly OperatorKind[] = [
  operatorKind(
    "bash",
    "Runs a command; the last line it prints is the result.",
    {
      command: template.describe("What bash runs."),
      env: textMap.optional(),
      inheritEnv: z.boolean().optional(),
      cwd: template.optional(),
      skipOnExitCode: z
        .union([z.int(), z.array(z.int()), z.null()])
        .optional()
        .describe("Exit codes that mean skipped. Default 99."),
    },
    (id, options) => operators.bash(id, options),
  ),
  operatorKind(
    "http",
    "Sends an HTTP request; the answer is the result.",
    { ...request, response: z.enum(["json", "text"]).optional(), timeout: duration.optional() },
    (id, options) => operators.http(id, options),
  ),
  operatorKind(
    "sql",
    "Runs SQL; the rows of the last statement are the result.",
    {
      connection,
      sql: texts.describe("One statement or several."),
      parameters: parameters.optional(),
      autocommit: z.boolean().optional(),
      splitStatements: z.boolean().optional(),
      maxRows: count(1).optional(),
      returnLast: z.boolean().optional(),
    },
    (id, options) => operators.sql(id, options as Parameters<typeof operators.sql>[1]),
  ),
  operatorKind(
    "email",
    "Sends a message by e-mail.",
    {
      connection: connection.optional(),
      to: texts,
      cc: texts.optional(),
      bcc: texts.optional(),
      from: template.optional(),
      replyTo: template.optional(),
      subject: template,
      text: template.optional(),
      html: template.optional(),
      attachments: z.array(attachment).optional(),
      headers: textMap.optional(),
    },
    (id, options) => operators.email(id, options),
  ),
  operatorKind(
    "fileTransfer",
    "Copies files between disks and object stores.",
    {
      source: fileLocation,
      destination: fileLocation,
      overwrite: z.enum(["fail", "skip", "replace"]).optional(),
      allowEmpty: z.boolean().optional(),
    },
    (id, options) => operators.fileTransfer(id, options),
  ),
  operatorKind(
    "docker",
    "Runs a container; the last line it prints is the result.",
    {
      image: template,
      command: texts.optional().describe("A list is the program and its arguments; a text is run by /bin/sh -c."),
      entrypoint: z.array(plain).optional(),
      env: textMap.optional(),
      mounts: z.array(mount).optional(),
      memory: z.union([z.number(), z.string()]).optional(),
      cpus: z.number().optional(),
      network: plain.optional(),
      workingDir: plain.optional(),
      user: plain.optional(),
      containerName: template.optional(),
      labels: textMap.optional(),
      autoRemove: z.enum(["force", "success", "never"]).optional(),
      pull: z.enum(["missing", "always", "never"]).optional(),
      connection: connection.optional(),
      skipOnExitCode: z.union([z.int(), z.array(z.int())]).optional(),
      hostConfig: z.record(z.string(), json).optional(),
      xcomAll: z.boolean().optional(),
    },
    (id, options) => operators.docker(id, options as Parameters<typeof operators.docker>[1]),
  ),
  operatorKind("empty", "Does nothing: a place where edges meet.", {}, (id, options) => operators.empty(id, options)),
  operatorKind(
    "triggerDagRun",
    "Starts a run of another DAG.",
    {
      dagId: template,
      conf: z.record(z.string(), json).optional(),
      logicalDate: template.optional(),
      runId: template.optional(),
      waitForCompletion: z.boolean().optional(),
      pokeInterval: duration.optional(),
      failedStates: z.array(runState).optional(),
      allowedStates: z.array(runState).optional(),
    },
    (id, options) => operators.triggerDagRun(id, options),
  ),
  operatorKind(
    "transfer",
    "Copies what a query gives into a table of another database.",
    {
      source: connection,
      sql: template,
      parameters: parameters.optional(),
      destination: connection,
      table: template,
      columns: z.array(plain).optional(),
      preoperators: texts.optional(),
      postoperators: texts.optional(),
      batchSize: count(1).optional(),
    },
    (id, options) => operators.transfer(id, options),
  ),
  operatorKind(
    "sqlBranch",
    "Follows one side or the other by a value in a database.",
    { connection, sql: template, parameters: parameters.optional(), followIfTrue: texts, followIfFalse: texts },
    (id, options) => operators.sqlBranch(id, options),
  ),
  operatorKind(
    "sqlCheck",
    "Every value of the first row must be truthy.",
    { ...check, sql: template, parameters: parameters.optional() },
    (id, options) => operators.sqlCheck(id, options),
  ),
  operatorKind(
    "sqlValueCheck",
    "Every value of the first row must be a given one.",
    {
      ...check,
      sql: template,
      parameters: parameters.optional(),
      passValue: z.union([z.string(), z.number(), z.boolean()]),
      tolerance: z.number().optional(),
    },
    (id, options) => operators.sqlValueCheck(id, options),
  ),
  operatorKind(
    "sqlThresholdCheck",
    "The first value must lie between two others.",
    {
      ...check,
      sql: template,
      parameters: parameters.optional(),
      minThreshold: z.union([z.number(), z.string()]),
      maxThreshold: z.union([z.number(), z.string()]),
    },
    (id, options) => operators.sqlThresholdCheck(id, options),
  ),
  operatorKind("sqlUniqueCheck", "No two rows have the same values in these columns.", { ...tableCheck, columns: z.array(plain) }, (id, options) =>
    operators.sqlUniqueCheck(id, options),
  ),
  operatorKind(
    "sqlColumnCheck",
    "Checks on columns of a table.",
    { ...tableCheck, columnMapping: z.record(z.string(), columnChecks), acceptNone: z.boolean().optional() },
    (id, options) => operators.sqlColumnCheck(id, options),
  ),
  operatorKind(
    "sqlTableCheck",
    "Conditions on a table as a whole, or on each of its rows.",
    { ...tableCheck, checks: z.record(z.string(), z.strictObject({ check_statement: plain, partition_clause: plain.optional() })) },
    (id, options) => operators.sqlTableCheck(id, options),
  ),
  operatorKind(
    "sqlIntervalCheck",
    "Compares a table with what it was some days before.",
    {
      ...check,
      table: template,
      metricsThresholds: z.record(z.string(), z.number()),
      dateFilterColumn: plain.optional(),
      daysBack: z.int().optional(),
      ratioFormula: z.enum(["max_over_min", "relative_diff"]).optional(),
      ignoreZero: z.boolean().optional(),
    },
    (id, options) => operators.sqlIntervalCheck(id, options),
  ),
];
