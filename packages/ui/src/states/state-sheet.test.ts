import { TASK_INSTANCE_STATES } from "@tradewind/core";
import { expect, it } from "vitest";
import { lookOf } from "./state-look.ts";
import { stateSheet } from "./state-sheet.ts";

it("has a rule for every state, in the colour that the state has everywhere", () => {
  const rules = stateSheet().split("\n");
  for (const state of [...TASK_INSTANCE_STATES, "none"]) {
    const rule = rules.find((one) => one.includes(`[data-state="${state}"]`));
    expect(rule).toContain(`--state:${lookOf(state === "none" ? null : state).fill};`);
  }
});
