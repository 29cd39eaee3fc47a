import { randomBytes } from "node:crypto";
import { type Json, makeRunId, manualInterval, resolveParams } from "@tradewind/core";
import { createSchemaValidator } from "@tradewind/engine/schema-validator";
import { stopBundler } from "@tradewind/loader";
import { includedBy, MemoryRun, type RunPlan, TestRun } from "tradewind/testing/internal";
import { EXIT } from "../exit-codes.ts";
import { processOutput } from "../output/output.ts";
import type { DagTestOptions } from "../program/dag-commands.ts";
import { captureOutput } from "./captured-output.ts";
import { findDagFile } from "./find-dag-file.ts";
import { type LocalDag, loadLocalDag } from "./load-dag.ts";
import { readLocalSettings } from "./local-settings.ts";
import { LocalRunReport } from "./local-run-report.ts";
import { RealClock } from "./real-clock.ts";

/** Runs a whole DAG in this process, one task instance after the other. The exit code is 1 when the run failed. */
export async function testDag(fileOrId: string, options: DagTestOptions): Promise<number> {
  const report = new LocalRunReport(processOutput(options.output));
  const found = await findDagFile(fileOrId);
  await stopBundler();
  const { state } = await runLocalDag(await loadLocalDag(found, options.dag), options, report);
  // What the tasks left running (timers, pools of connections) must not keep the command from ending.
  setTimeout(() => process.exit(), 100).unref();
  return state === "success" ? EXIT.ok : EXIT.failed;
}

/** A loaded DAG, run to its end, and told of while it runs. */
export async function runLocalDag(local: LocalDag, options: Omit<DagTestOptions, "output">, report: LocalRunReport): Promise<TestRun> {
  const settings = readLocalSettings(process.env, options.settings);
  const { plan, logicalDate } = planRun(local, options);
  const { graph, dag } = local;
  const run = new MemoryRun({
    dag,
    graph,
    plan,
    settings,
    clock: new RealClock(),
    listener: report,
    ...(options.task && { isIncluded: includedBy(graph, options.task) }),
  });
  report.started(graph.dagId, plan.runId, logicalDate);
  const output = captureOutput((stream, message) => run.note({ level: stream === "stdout" ? "info" : "warn", message, stream }));
  try {
    await run.finish();
  } finally {
    output.release();
  }
  const ended = new TestRun(run);
  report.finished(ended, plan.conf);
  return ended;
}

function planRun({ graph }: LocalDag, options: Omit<DagTestOptions, "output">): { plan: RunPlan; logicalDate: Date } {
  const logicalDate = options.logicalDate ?? new Date();
  const conf = (options.conf ?? {}) as Record<string, Json>;
  const { spec, dagId } = graph;
  const plan: RunPlan = {
    runId: makeRunId({ runType: "manual", runAfter: logicalDate, logicalDate, suffix: randomBytes(4).toString("hex") }),
    runType: "manual",
    logicalDate,
    dataInterval: manualInterval(spec.schedule, logicalDate),
    runAfter: logicalDate,
    conf,
    params: resolveParams({ dagId, params: spec.params, conf, validate: createSchemaValidator() }),
  };
  return { plan, logicalDate };
}
