import { isOutage } from "@tradewind/metadata";
import type { EngineContext } from "../context.ts";

/**
 * Does something for all these DAGs at once; when that fails, for each by itself, so that one that cannot be read (its version was stored by a later release) keeps no other back. Throws only when the
 * database is away. Gives the sum of what came out.
 */
export async function eachOnItsOwn(
  context: EngineContext,
  dagIds: readonly string[],
  work: (dagIds: readonly string[]) => Promise<number>,
): Promise<number> {
  if (dagIds.length === 0) return 0;
  try {
    return await work(dagIds);
  } catch (error) {
    if (isOutage(error)) throw error;
    if (dagIds.length === 1) {
      context.onError(error, { what: "start of the next runs of DAG", id: dagIds[0]! });
      return 0;
    }
  }
  let sum = 0;
  for (const dagId of dagIds) sum += await eachOnItsOwn(context, [dagId], work);
  return sum;
}
