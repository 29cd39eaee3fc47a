import { TRIGGER_RULES, type TriggerRule } from "@tradewind/core";
import fc from "fast-check";

/** What a section of a generated DAG is made of. Simple kinds come first: failing cases shrink towards them. */
export const SECTION_KINDS = [
  "task",
  "mapped",
  "mapped_over_result",
  "empty",
  "branch",
  "short_circuit",
  "setup",
  "mapped_group",
  "group_mapped_over_result",
  "retry_group",
  "loop",
] as const;
export type SectionKind = (typeof SECTION_KINDS)[number];

/** How an instance ends when it runs. `failed_for_good` forbids retries; `lost`: its runner died. */
export type End = "success" | "failed" | "failed_for_good" | "skipped" | "lost";

/** A part of a DAG: one task, or a few that belong together. Numbers are taken modulo what there is. */
export interface Section {
  kind: SectionKind;
  /** Among all tasks of the sections before it. */
  parents: number[];
  rule: TriggerRule;
  /** Tasks in a group, a loop or a scope. */
  size: number;
  /** Members to map over, by try of the one who returns them. */
  lengths: number[];
  /** How its tasks end, by try and map index. */
  ends: End[];
  retries: number;
  /** Choices of no further structure, a bit each. */
  flags: number;
}

export interface DagGenes {
  sections: Section[];
  runs: number;
  maxActiveTasks: number;
  poolSlots: number;
  failFast: boolean;
}

const RULES = TRIGGER_RULES.filter((rule) => rule !== "all_done_setup_success");

const section: fc.Arbitrary<Section> = fc.record({
  kind: fc.oneof({ weight: 4, arbitrary: fc.constant<SectionKind>("task") }, { weight: 9, arbitrary: fc.constantFrom(...SECTION_KINDS) }),
  parents: fc.array(fc.nat(30), { maxLength: 3 }),
  rule: fc.oneof({ weight: 3, arbitrary: fc.constant<TriggerRule>("all_success") }, { weight: 4, arbitrary: fc.constantFrom(...RULES) }),
  size: fc.integer({ min: 1, max: 3 }),
  lengths: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 }),
  ends: fc.array(
    fc.oneof(
      { weight: 5, arbitrary: fc.constant<End>("success") },
      { weight: 4, arbitrary: fc.constantFrom<End>("failed", "failed_for_good", "skipped", "lost") },
    ),
    { minLength: 1, maxLength: 3 },
  ),
  retries: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 2 }) }),
  flags: fc.nat(1023),
});

/** `always`: a number that means no limit. */
const rarely = (limited: fc.Arbitrary<number>, always: number): fc.Arbitrary<number> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(always) }, { weight: 1, arbitrary: limited });

export const UNLIMITED = 100;

export const dagGenes: fc.Arbitrary<DagGenes> = fc.record({
  sections: fc.array(section, { minLength: 1, maxLength: 6 }),
  runs: rarely(fc.integer({ min: 2, max: 3 }), 1),
  maxActiveTasks: rarely(fc.integer({ min: 1, max: 3 }), UNLIMITED),
  poolSlots: rarely(fc.integer({ min: 1, max: 3 }), UNLIMITED),
  failFast: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});
