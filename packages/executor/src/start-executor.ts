import { errorMessage, isTradewindError, TradewindError } from "@tradewind/core";
import type { Executor, ExecutorStart } from "./port.ts";

/**
 * Starts an executor; the error of one that cannot start says which one it was. A start fails only where it never could work: a transport that is away for now is the executor's own business.
 * @throws TradewindError with the code of what was thrown, else `executor_failed`
 */
export async function startExecutor(executor: Executor, start: ExecutorStart): Promise<void> {
  try {
    await executor.start(start);
  } catch (error) {
    const code = isTradewindError(error) ? error.code : "executor_failed";
    throw new TradewindError(code, `The executor "${executor.name}" could not be started: ${errorMessage(error)}`, { cause: error });
  }
}
