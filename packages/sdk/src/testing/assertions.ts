import { AssertionError } from "node:assert";
import { isDeepStrictEqual } from "node:util";
import type { MaybeState, TaskInstanceState } from "@tradewind/core";
import type { TestRun } from "./test-run.ts";

/** What a check of a run says: whether it holds, and the two messages that a test may need. */
export interface RunVerdict {
  holds: boolean;
  /** Why it does not hold. */
  message: string;
  /** Why it should not have held. */
  opposite: string;
  expected: unknown;
  actual: unknown;
}

/** Checks of a run, for any test runner: `assert…` functions and vitest's matchers are made of them. */
export const checks = {
  succeeded: (run: TestRun): RunVerdict => ofState(run, "success"),
  failed: (run: TestRun): RunVerdict => ofState(run, "failed"),

  /** `name` is a task's id, or `total[3]`. */
  hasState(run: TestRun, name: string, state: TaskInstanceState | null): RunVerdict {
    const actual = stateOf(run, name);
    return verdict(run, actual === state, `task "${name}" to be ${show(state)}`, `it is ${show(actual)}`, state, actual);
  },

  /** Only the names that are given are looked at. */
  hasStates(run: TestRun, states: Readonly<Record<string, MaybeState>>): RunVerdict {
    const actual = Object.fromEntries(Object.keys(states).map((name) => [name, stateOf(run, name)]));
    const wrong = Object.keys(states).filter((name) => actual[name] !== states[name]);
    const found = wrong.map((name) => `${name} is ${show(actual[name]!)} and not ${show(states[name]!)}`).join(", ");
    return verdict(run, wrong.length === 0, "these states", found === "" ? "it has them" : found, states, actual);
  },

  /** These ran, in this order; others may have run in between. */
  ranInOrder(run: TestRun, names: readonly string[]): RunVerdict {
    let from = 0;
    const missing = names.find((name) => {
      const place = run.order.indexOf(name, from);
      from = place + 1;
      return place < 0;
    });
    const found = missing === undefined ? "they did" : `"${missing}" did not run at its place; what ran is ${run.order.join(", ") || "nothing"}`;
    return verdict(run, missing === undefined, `${names.join(", ")} to run in this order`, found, names, run.order);
  },

  ran(run: TestRun, name: string): RunVerdict {
    return verdict(run, run.order.includes(name), `"${name}" to run`, `what ran is ${run.order.join(", ") || "nothing"}`, name, run.order);
  },

  /** Compared as JSON. Of a mapped task: the list of all. */
  hasXCom(run: TestRun, taskId: string, value: unknown, key?: string): RunVerdict {
    const actual = run.xcom(taskId, key);
    const wanted: unknown = value === undefined ? undefined : JSON.parse(JSON.stringify(value));
    const what = key === undefined ? `the result of "${taskId}"` : `XCom "${key}" of "${taskId}"`;
    return verdict(run, isDeepStrictEqual(actual, wanted), `${what} to be ${show(wanted)}`, `it is ${show(actual)}`, wanted, actual);
  },

  /** In the message of any entry, of one task or of all. */
  logged(run: TestRun, text: string | RegExp, name?: string): RunVerdict {
    const messages = run.logs.filter(({ task }) => name === undefined || task === name).map(({ message }) => message);
    const holds = messages.some((message) => (typeof text === "string" ? message.includes(text) : text.test(message)));
    const who = name === undefined ? "the run" : `"${name}"`;
    return verdict(run, holds, `${who} to log ${String(text)}`, `it logged ${messages.length} other lines`, String(text), messages);
  },
} as const;

/** @throws AssertionError, naming each task with its state */
export function assertSuccess(run: TestRun): void {
  throwUnless(checks.succeeded(run));
}

export function assertFailed(run: TestRun): void {
  throwUnless(checks.failed(run));
}

/**
 * @param name A task's id, or `"total[3]"`.
 * @example
 * assertState(run, "load", "skipped");
 */
export function assertState(run: TestRun, name: string, state: TaskInstanceState | null): void {
  throwUnless(checks.hasState(run, name, state));
}

/** Several at once; tasks that are not named are not looked at. */
export function assertStates(run: TestRun, states: Readonly<Record<string, MaybeState>>): void {
  throwUnless(checks.hasStates(run, states));
}

/** These ran in this order; others may have run in between. */
export function assertOrder(run: TestRun, ...names: string[]): void {
  throwUnless(checks.ranInOrder(run, names));
}

/** Compared as JSON; of a mapped task the list of all. */
export function assertXCom(run: TestRun, taskId: string, value: unknown, key?: string): void {
  throwUnless(checks.hasXCom(run, taskId, value, key));
}

export function assertLogged(run: TestRun, text: string | RegExp, name?: string): void {
  throwUnless(checks.logged(run, text, name));
}

function throwUnless({ holds, message, expected, actual }: RunVerdict): void {
  if (!holds) throw new AssertionError({ message, expected, actual, operator: "deepStrictEqual", stackStartFn: throwUnless });
}

function ofState(run: TestRun, state: "success" | "failed"): RunVerdict {
  const why = run.reason === null ? "" : ` (${run.reason})`;
  return verdict(run, run.state === state, `the run to be ${state}`, `it is ${run.state}${why}`, state, run.state);
}

function stateOf(run: TestRun, name: string): MaybeState {
  const { states } = run;
  if (Object.hasOwn(states, name)) return states[name]!;
  throw new Error(`The run of DAG "${run.dagId}" has no task "${name}". It has ${Object.keys(states).join(", ") || "none"}.`);
}

function verdict(run: TestRun, holds: boolean, wanted: string, found: string, expected: unknown, actual: unknown): RunVerdict {
  return {
    holds,
    message: `Expected ${wanted}; ${found}.\n${run.describe()}`,
    opposite: `Did not expect ${wanted}.\n${run.describe()}`,
    expected,
    actual,
  };
}

function show(value: unknown): string {
  if (value === null) return "undecided";
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
}
