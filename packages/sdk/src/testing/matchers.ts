import type { MaybeState, TaskInstanceState } from "@tradewind/core";
import { checks, type RunVerdict } from "./assertions.ts";
import { TestRun } from "./test-run.ts";

/** What a matcher of vitest (and of Jest) gives back. */
interface MatcherResult {
  pass: boolean;
  message: () => string;
  expected: unknown;
  actual: unknown;
}

/**
 * Matchers for `expect.extend`; with vitest, `import "tradewind/testing/vitest"` does that and tells the compiler.
 * @example
 * expect.extend(dagMatchers);
 * expect(run).toHaveTaskState("load", "skipped");
 */
export const dagMatchers = {
  toSucceed: (run: unknown) => resultOf(checks.succeeded(asRun(run))),
  toFail: (run: unknown) => resultOf(checks.failed(asRun(run))),
  toHaveTaskState: (run: unknown, name: string, state: TaskInstanceState | null) => resultOf(checks.hasState(asRun(run), name, state)),
  toHaveTaskStates: (run: unknown, states: Readonly<Record<string, MaybeState>>) => resultOf(checks.hasStates(asRun(run), states)),
  toHaveRun: (run: unknown, name: string) => resultOf(checks.ran(asRun(run), name)),
  toHaveRunInOrder: (run: unknown, ...names: string[]) => resultOf(checks.ranInOrder(asRun(run), names)),
  toHaveXCom: (run: unknown, taskId: string, value: unknown, key?: string) => resultOf(checks.hasXCom(asRun(run), taskId, value, key)),
  toHaveLogged: (run: unknown, text: string | RegExp, name?: string) => resultOf(checks.logged(asRun(run), text, name)),
} as const;

/** The matchers as methods of `expect(run)`. */
export interface DagMatchers<R = void> {
  /** The run has succeeded. */
  toSucceed(): R;
  /** The run has failed. */
  toFail(): R;
  /** `name` is a task's id, or `"total[3]"`. */
  toHaveTaskState(name: string, state: TaskInstanceState | null): R;
  /** Tasks that are not named are not looked at. */
  toHaveTaskStates(states: Readonly<Record<string, MaybeState>>): R;
  /** The task was executed. */
  toHaveRun(name: string): R;
  /** These were executed in this order; others may have been in between. */
  toHaveRunInOrder(...names: string[]): R;
  /** Compared as JSON; of a mapped task the list of all. */
  toHaveXCom(taskId: string, value: unknown, key?: string): R;
  /** In the message of any entry, of one task or of all. */
  toHaveLogged(text: string | RegExp, name?: string): R;
}

function asRun(value: unknown): TestRun {
  if (value instanceof TestRun) return value;
  throw new TypeError("This matcher looks at a run: expect(await testDag(dag).run()). What it was given is none.");
}

function resultOf({ holds, message, opposite, expected, actual }: RunVerdict): MatcherResult {
  return { pass: holds, message: () => (holds ? opposite : message), expected, actual };
}
