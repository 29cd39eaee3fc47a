import type { MaybeState, TriggerRule } from "@tradewind/core";
import { join } from "node:path";
import { expect, test } from "vitest";
import { askRule } from "../src/model/trigger-rules.ts";
import { answerByModel, type Order } from "../src/recorded/answer-by-model.ts";
import { readLines, RECORDED_FOLDER, type RunFile } from "../src/recorded/read-cases.ts";
import { readRunCase } from "../src/recorded/run-cases.ts";

// The model is worth something only if it is right by itself: it has to know what Airflow answered before anything is compared with it.

test("the model gives every recorded verdict of the trigger rules", () => {
  const lines = readLines(join(RECORDED_FOLDER, "trigger-rules.jsonl"));
  expect(lines).toHaveLength(1_079);
  for (const line of lines) {
    const { rule, upstream, verdict } = JSON.parse(line) as { rule: TriggerRule; upstream: MaybeState[]; verdict: string };
    expect({ rule, upstream, verdict: askRule({ rule, upstream, setups: [], mapIndex: -1 }) }).toEqual({ rule, upstream, verdict });
  }
});

// Runs that wait for each other were recorded in waves only; of the others the answer is the same in any order.
const FILES: readonly (readonly [RunFile, number, readonly Order[]])[] = [
  ["runs.jsonl", 758, ["waves", "first", "last"]],
  ["mapped-groups.jsonl", 238, ["waves", "first", "last"]],
  ["depends-on-past.jsonl", 250, ["waves"]],
];

test.for(FILES)("the model gives every recorded answer of %s (%i cases)", ([file, count, orders]) => {
  const lines = readLines(join(RECORDED_FOLDER, file));
  expect(lines).toHaveLength(count);
  for (const line of lines) {
    const runCase = readRunCase(line);
    const expected = runCase.runs.map((run) => run.expected);
    for (const order of orders)
      expect({ name: runCase.name, answers: answerByModel(runCase, order) }).toEqual({ name: runCase.name, answers: expected });
  }
});
