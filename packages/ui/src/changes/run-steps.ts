import { errorMessage } from "@tradewind/core";

export interface StepResults<T> {
  results: T[];
  /** What did not work, in the server's words; the same words once. */
  failures: { message: string; count: number }[];
}

const AT_ONCE = 4;

/** Does several things, a few at once, each for itself: what fails is told at the end, and the others are done. A signal that is aborted ends it with an error. */
export async function runSteps<T>(
  steps: readonly (() => Promise<T>)[],
  { onProgress, signal }: { onProgress?: (done: number) => void; signal?: AbortSignal } = {},
): Promise<StepResults<T>> {
  const results: T[] = [];
  const failures = new Map<string, number>();
  let next = 0;
  let done = 0;
  const work = async () => {
    while (next < steps.length) {
      signal?.throwIfAborted();
      const index = next++;
      try {
        results[index] = await steps[index]!();
      } catch (error) {
        signal?.throwIfAborted();
        const message = errorMessage(error);
        failures.set(message, (failures.get(message) ?? 0) + 1);
      }
      onProgress?.(++done);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, steps.length) }, work));
  return { results: results.filter((result) => result !== undefined), failures: [...failures].map(([message, count]) => ({ message, count })) };
}
