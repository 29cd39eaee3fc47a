import { randomBytes } from "node:crypto";
import { type Json, makeRunId, manualInterval, resolveParams } from "@tradewind/core";
import { createSchemaValidator } from "@tradewind/engine/schema-validator";
import { stopBundler } from "@tradewind/loader";
import { EXIT } from "../exit-codes.ts";
import { processOutput } from "../output/output.ts";
import type { DagTestOptions } from "../program/dag-commands.ts";
import { findDagFile } from "./find-dag-file.ts";
import { type LocalDag, loadLocalDag } from "./load-dag.ts";
import { runLocalInstance } from "./local-attempt.ts";
import { LocalRun } from "./local-run.ts";
import { readLocalSettings } from "./local-settings.ts";
import { LocalRunReport } from "./local-run-report.ts";

/** Runs a whole DAG in this process, one task instance after the other. The exit code is 1 when the run failed. */
export async function testDag(fileOrId: string, options: DagTestOptions): Promise<number> {
  const settings = readLocalSettings(process.env, options.settings);
  const found = await findDagFile(fileOrId);
  await stopBundler();
  const local = await loadLocalDag(found, options.dag);
  const report = new LocalRunReport(processOutput(options.output));
  const facts = { ...runFacts(local, options), ...local, settings };
  const run = new LocalRun(local.graph, options.task ?? null, (instance) => report.decided(instance));
  report.started(facts.graph.dagId, facts.runId, facts.logicalDate);
  for (let instance = run.next(); instance !== null; instance = run.next()) {
    const current = instance;
    report.begin(current);
    await runLocalInstance({ ...facts, run, log: (entry) => report.log(current, entry) }, current);
    report.end(current);
  }
  const state = run.outcome();
  report.finished({
    dagId: facts.graph.dagId,
    runId: facts.runId,
    logicalDate: facts.logicalDate,
    conf: facts.conf,
    state,
    instances: run.instances,
  });
  // What the tasks left running (timers, pools of connections) must not keep the command from ending.
  setTimeout(() => process.exit(), 100).unref();
  return state === "success" ? EXIT.ok : EXIT.failed;
}

function runFacts({ graph }: LocalDag, options: DagTestOptions) {
  const startedAt = new Date();
  const logicalDate = options.logicalDate ?? startedAt;
  const conf = (options.conf ?? {}) as Record<string, Json>;
  return {
    startedAt,
    logicalDate,
    runId: makeRunId({ runType: "manual", runAfter: logicalDate, logicalDate, suffix: randomBytes(4).toString("hex") }),
    interval: manualInterval(graph.spec.schedule, logicalDate),
    conf,
    params: resolveParams({ dagId: graph.dagId, params: graph.spec.params, conf, validate: createSchemaValidator() }),
  };
}
