import type { TaskInstanceState } from "@tradewind/core";

/**
 * A letter for each state, so that a run's states are a short text with one letter per task: a grid of 900 tasks and 25 runs is asked for again and again, and as a list of objects it would be
 * a megabyte each time.
 */
export const STATE_LETTERS: Readonly<Record<TaskInstanceState | "none", string>> = {
  none: "n",
  scheduled: "c",
  queued: "q",
  running: "r",
  restarting: "e",
  up_for_retry: "u",
  up_for_reschedule: "h",
  deferred: "d",
  awaiting_input: "a",
  success: "s",
  failed: "f",
  skipped: "k",
  upstream_failed: "p",
  removed: "x",
};

/** The run has no instance of the task. */
const NO_INSTANCE = " ";
/** The task has several instances: they are counted in `many`. */
const MANY = "*";

/** Tasks of a run with instances in one state. */
export interface Counted {
  state: string | null;
  taskIds: readonly string[];
  /** How many, of each; null: one each. */
  instances: readonly number[] | null;
}

/** What a run did with its tasks. */
export interface RunCells {
  /** For each task of the grid, in its order: the letter of its only instance's state, `*` where it has several, a space where it has none. */
  states: string;
  /** For the tasks with several instances, by their place in the grid: how many are in which state. */
  many: [place: number, counts: [state: string | null, instances: number][]][];
}

export function encodeCells(counted: readonly Counted[], places: ReadonlyMap<string, number>): RunCells {
  const letters = Array.from({ length: places.size }, () => NO_INSTANCE);
  const many = new Map<number, [string | null, number][]>();
  for (const { state, taskIds, instances } of counted) {
    const letter = STATE_LETTERS[(state ?? "none") as keyof typeof STATE_LETTERS];
    for (const [index, taskId] of taskIds.entries()) {
      const place = places.get(taskId);
      if (place === undefined) continue;
      const count = instances === null ? 1 : instances[index]!;
      const before = letters[place]!;
      if (before === NO_INSTANCE && count === 1) {
        letters[place] = letter;
        continue;
      }
      const counts = many.get(place) ?? (before === NO_INSTANCE ? [] : [[stateOf(before), 1] as [string | null, number]]);
      counts.push([state, count]);
      many.set(place, counts);
      letters[place] = MANY;
    }
  }
  return { states: letters.join(""), many: [...many] };
}

const STATES: ReadonlyMap<string, string> = new Map(Object.entries(STATE_LETTERS).map(([state, letter]) => [letter, state]));

function stateOf(letter: string): string | null {
  const state = STATES.get(letter)!;
  return state === "none" ? null : state;
}
