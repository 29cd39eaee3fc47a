import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TRIGGER_RULES, type TriggerRule } from "./dag-spec.ts";
import { type TerminalState, TERMINAL_STATES } from "./states.ts";
import { countUpstreams, evaluateTriggerRule, finishedUpstreams, type TriggerRuleVerdict } from "./trigger-rule.ts";

/** s success, k skipped, f failed, u upstream_failed, r removed, - not finished. */
const LETTERS = { s: "success", k: "skipped", f: "failed", u: "upstream_failed", r: "removed", "-": "running" } as const;

function states(letters: string) {
  return [...letters].map((letter) => LETTERS[letter as keyof typeof LETTERS]);
}

function evaluate(rule: TriggerRule, letters: string, more: { mapIndex?: number; setups?: string; scope?: string } = {}): TriggerRuleVerdict {
  return evaluateTriggerRule({
    rule,
    counts: countUpstreams(states(letters)),
    mapIndex: more.mapIndex ?? -1,
    setupUpstreams: more.setups === undefined ? undefined : countUpstreams(states(more.setups)),
    setupScope: more.scope === undefined ? undefined : countUpstreams(states(more.scope)),
  });
}

function short(verdict: TriggerRuleVerdict): string {
  return verdict.verdict === "set" ? verdict.state : verdict.verdict;
}

describe("the table of rules", () => {
  it.each<[TriggerRule, string, string, string]>([
    ["all_success", "ss", "ready", "may run when N - s - r <= 0"],
    ["all_success", "sr", "ready", "may run when N - s - r <= 0"],
    ["all_success", "s-", "wait", "not yet N - s - r <= 0"],
    ["all_success", "u--", "upstream_failed", "u or f > 0 -> upstream_failed"],
    ["all_success", "f--", "upstream_failed", "on the first bad upstream, without waiting for the rest"],
    ["all_success", "fk", "upstream_failed", "u or f > 0 comes before k > 0"],
    ["all_success", "k-", "skipped", "k > 0 -> skipped"],
    ["all_failed", "fur", "ready", "may run when N - f - u - r <= 0"],
    ["all_failed", "f-", "wait", "not yet N - f - u - r <= 0"],
    ["all_failed", "s-", "skipped", "s or k > 0 -> skipped"],
    ["all_failed", "k-", "skipped", "s or k > 0 -> skipped"],
    ["all_done", "sf-", "wait", "may run when d >= N"],
    ["all_done", "sfkur", "ready", "never becomes unrunnable"],
    ["all_done_min_one_success", "k-", "skipped", "a skip is enough"],
    ["all_done_min_one_success", "sk", "skipped", "a skip is enough"],
    ["all_done_min_one_success", "s-", "wait", "all non-skipped done"],
    ["all_done_min_one_success", "sf", "ready", "k = 0, all non-skipped done, s >= 1"],
    ["all_done_min_one_success", "ff", "upstream_failed", "all done and s = 0"],
    ["all_skipped", "kk", "ready", "N - k <= 0"],
    ["all_skipped", "kr", "wait", "removed is no skip"],
    ["all_skipped", "k-", "wait", "not yet N - k <= 0"],
    ["all_skipped", "s-", "skipped", "s, f or u > 0 -> skipped"],
    ["all_skipped", "f-", "skipped", "s, f or u > 0 -> skipped"],
    ["all_skipped", "u-", "skipped", "s, f or u > 0 -> skipped"],
    ["one_success", "s---", "ready", "does not wait"],
    ["one_success", "f-", "wait", "d < N, and s = 0"],
    ["one_success", "kk", "skipped", "d >= N and all skipped"],
    ["one_success", "kf", "upstream_failed", "d >= N and s = 0"],
    ["one_failed", "u--", "ready", "f + u >= 1, does not wait"],
    ["one_failed", "f--", "ready", "f + u >= 1, does not wait"],
    ["one_failed", "s-", "wait", "d < N, and none"],
    ["one_failed", "sk", "skipped", "d >= N and none"],
    ["one_done", "f-", "ready", "s + f >= 1"],
    ["one_done", "s-", "ready", "s + f >= 1"],
    ["one_done", "ku-", "wait", "skips and upstream_failed do not count"],
    ["one_done", "ku", "skipped", "d >= N and none"],
    ["none_failed", "skr", "ready", "N - s - k - r <= 0"],
    ["none_failed", "sk-", "wait", "not yet N - s - k - r <= 0"],
    ["none_failed", "f-", "upstream_failed", "u or f > 0"],
    ["none_failed", "u-", "upstream_failed", "u or f > 0"],
    ["none_failed_min_one_success", "sk", "ready", "as none_failed"],
    ["none_failed_min_one_success", "sk-", "wait", "as none_failed"],
    ["none_failed_min_one_success", "sf-", "upstream_failed", "u or f > 0"],
    ["none_failed_min_one_success", "su-", "upstream_failed", "u or f > 0"],
    ["none_failed_min_one_success", "kk", "skipped", "k = N"],
    ["none_failed_min_one_success", "kr", "upstream_failed", "d >= N and s = 0"],
    ["none_skipped", "sfu", "ready", "d >= N and k = 0"],
    ["none_skipped", "sf-", "wait", "d < N"],
    ["none_skipped", "k-", "skipped", "k > 0"],
    ["always", "---", "ready", "at once"],
    ["all_done_setup_success", "ff", "ready", "no setup upstream"],
    ["all_done_setup_success", "f-", "wait", "d >= N"],
  ])("%s over %s: %s (%s)", (rule, letters, verdict) => {
    expect(short(evaluate(rule, letters))).toBe(verdict);
  });

  it.each(TRIGGER_RULES)("%s: a task with no upstream always passes", (rule) => {
    expect(short(evaluate(rule, ""))).toBe("ready");
  });

  it("all_success, mapped: r > 0, s > 0, map_index >= s -> removed", () => {
    expect(short(evaluate("all_success", "ssr", { mapIndex: 2 }))).toBe("removed");
    expect(short(evaluate("all_success", "ssr", { mapIndex: 1 }))).toBe("ready");
    expect(short(evaluate("all_success", "rr", { mapIndex: 2 }))).toBe("ready");
    expect(short(evaluate("all_success", "ssr", { mapIndex: -1 }))).toBe("ready");
  });

  it("all_done_setup_success: all setups skipped -> skipped; else no setup success -> upstream_failed", () => {
    expect(short(evaluate("all_done_setup_success", "sff", { setups: "s" }))).toBe("ready");
    expect(short(evaluate("all_done_setup_success", "kkf", { setups: "kk" }))).toBe("skipped");
    expect(short(evaluate("all_done_setup_success", "kfs", { setups: "kf" }))).toBe("upstream_failed");
    expect(short(evaluate("all_done_setup_success", "k-", { setups: "k" }))).toBe("wait");
  });

  it("setup constraint: all setups it is in the scope of, even indirect, must succeed; while it waits for them its own rule may give it a state", () => {
    expect(short(evaluate("all_success", "s", { scope: "ss" }))).toBe("ready");
    expect(short(evaluate("all_success", "s", { scope: "s-" }))).toBe("wait");
    expect(short(evaluate("all_success", "f", { scope: "s-" }))).toBe("upstream_failed");
    expect(short(evaluate("all_failed", "s", { scope: "-" }))).toBe("skipped");
    expect(short(evaluate("all_failed", "f", { scope: "f-" }))).toBe("upstream_failed");
    expect(short(evaluate("always", "s", { scope: "f-" }))).toBe("ready");
    expect(short(evaluate("all_done", "s", { scope: "k-" }))).toBe("skipped");
    expect(short(evaluate("all_done", "", { scope: "-" }))).toBe("wait");
  });
});

describe("properties", () => {
  const rule = fc.constantFrom(...TRIGGER_RULES);
  const upstream = fc.array(fc.constantFrom<TerminalState | null>(null, ...TERMINAL_STATES), { minLength: 1, maxLength: 12 });

  it("once ready or set, no further end of an upstream makes a task wait", () => {
    fc.assert(
      fc.property(
        rule,
        upstream,
        fc.constantFrom<TerminalState>(...TERMINAL_STATES),
        fc.integer({ min: -1, max: 3 }),
        (rule, list, end, mapIndex) => {
          const before = evaluateTriggerRule({ rule, counts: countUpstreams(list), mapIndex });
          const open = list.indexOf(null);
          if (before.verdict === "wait" || open === -1) return;
          const after = evaluateTriggerRule({ rule, counts: countUpstreams(list.with(open, end)), mapIndex });
          expect(after.verdict).not.toBe("wait");
        },
      ),
    );
  });

  it("when all upstreams have finished nothing waits, but for a removed one under all_skipped", () => {
    fc.assert(
      fc.property(rule, fc.array(fc.constantFrom<TerminalState>(...TERMINAL_STATES), { minLength: 1, maxLength: 12 }), (rule, list) => {
        fc.pre(rule !== "all_skipped" || !list.includes("removed"));
        expect(evaluateTriggerRule({ rule, counts: countUpstreams(list), mapIndex: -1 }).verdict).not.toBe("wait");
      }),
    );
  });

  it("says why, in every case", () => {
    fc.assert(
      fc.property(rule, upstream, (rule, list) => {
        const { reason } = evaluateTriggerRule({ rule, counts: countUpstreams(list), mapIndex: -1 });
        expect(reason).toMatch(/^[a-z0-9].*[a-z]$/);
        expect(reason).not.toContain("undefined");
      }),
    );
  });
});

describe("reasons", () => {
  it.each<[TriggerRule, string, string]>([
    ["all_success", "s-", "1 of 2 upstream tasks has not finished"],
    ["all_success", "fu-", "2 of 3 upstream tasks failed"],
    ["all_success", "k-", "1 of 2 upstream tasks was skipped"],
    ["one_success", "f--", "it waits for one upstream task to succeed; 2 of 3 upstream tasks have not finished"],
    ["one_failed", "-", "it waits for one upstream task to fail; 1 of 1 upstream task has not finished"],
  ])("%s over %s: %s", (rule, letters, reason) => {
    expect(evaluate(rule, letters).reason).toBe(reason);
  });

  it("name setups where they are what is waited for", () => {
    expect(evaluate("all_success", "s", { scope: "s-" }).reason).toBe("1 of 2 setup tasks has not finished");
  });
});

it("counts states, running and undecided ones only in the total", () => {
  const counts = countUpstreams([null, "running", "success", "skipped", "failed", "upstream_failed", "removed", "up_for_retry"]);
  expect(counts).toEqual({ total: 8, success: 1, skipped: 1, failed: 1, upstreamFailed: 1, removed: 1 });
  expect(finishedUpstreams(counts)).toBe(5);
});
