import { join } from "node:path";
import type { AttemptApiClient } from "@tradewind/contract/client";
import { hasErrorCode, TradewindError } from "@tradewind/core";
import { CallbackLoop } from "@tradewind/dag-processor";
import type { AuthorUseCases, CallbackEnd, DueCallback } from "@tradewind/engine";
import { CallbackRunner } from "@tradewind/runner";
import { dagProcessorMetrics } from "../metrics/dag-processor-metrics.ts";
import type { Core } from "./core.ts";
import type { Installation } from "./installation.ts";
import { runnerSettings } from "./runner-settings.ts";

/** Runs the callbacks that no attempt can run, beside the DAG processor, in child processes. */
export function startCallbacks(installation: Installation, { engine }: Core): void {
  const { config, home, shutdown, metrics } = installation;
  const { passEnv, memoryLimitMb } = runnerSettings(config);
  const runner = new CallbackRunner({
    stateDir: join(home, "callbacks"),
    passEnv,
    memoryLimitMb,
    async download(sha256) {
      const code = await engine.getBundle(sha256);
      if (code === null) throw new TradewindError("bundle_not_found", `The bundle ${sha256} of a callback is not stored any more.`);
      return Buffer.from(code);
    },
  });
  const loop = new CallbackLoop({
    engine,
    run: (due, { timeoutMs }) => runCallback(runner, engine.callbackAuthor, due, timeoutMs),
    stopRunning: () => runner.stop(),
    logger: installation.logger("dag-processor"),
    metrics: dagProcessorMetrics(metrics),
  });
  shutdown.onShutdown("callbacks", () => loop.stop());
  loop.start();
}

function runCallback(runner: CallbackRunner, author: AuthorUseCases, due: DueCallback, timeoutMs: number): Promise<CallbackEnd> {
  const { bundleSha256, resolveFrom, context, only, reason, failure, result, task, callback } = due;
  const event =
    due.scope === "task"
      ? { scope: "task" as const, callback, only, reason, failure, result }
      : { scope: "dag" as const, callback: callback === "success" ? ("success" as const) : ("failure" as const), only, reason, task };
  return runner.run({ bundleSha256, resolveFrom, context, event, timeoutMs, api: apiOf(author, String(due.requestId)) });
}

/** What tasks ask the execution API for over HTTP, callbacks get from the engine of this process: their own processes know neither. */
function apiOf(author: AuthorUseCases, requestId: string): AttemptApiClient {
  return {
    async inputs() {
      throw new TradewindError("invalid_request", `Callback request ${requestId} has no inputs to read.`);
    },
    getXCom: (query) => author.findXCom(requestId, { key: "return_value", ...query }),
    setXCom: (write) => author.setXCom(requestId, write),
    setRenderedFields: (write) => author.setRenderedFields(requestId, write),
    getVariable: (key) => author.findVariable(requestId, key),
    setVariable: (key, write) => author.setVariable(requestId, key, write),
    async deleteVariable(key) {
      try {
        await author.deleteVariable(requestId, key);
        return true;
      } catch (error) {
        if (hasErrorCode(error, "variable_not_found")) return false;
        throw error;
      }
    },
    getConnection: (connectionId) => author.findConnection(requestId, connectionId),
    triggerDagRun: (request) => author.triggerFromTask(requestId, request),
    getDagRun: (dagId, runId) => author.findDagRun(requestId, dagId, runId),
    getTaskStates: (query) => author.findTaskStates(requestId, query),
  };
}
