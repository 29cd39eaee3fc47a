import { TRIGGER_RULES, type TriggerRule } from "@tradewind/core";
import fc from "fast-check";

/** What a section of a generated DAG is made of. Simple kinds come first: failing cases shrink towards them. */
export const SECTION_KINDS = [
  "task",
  "mapped",
  "mapped_over_result",
  "mapped_over_mapped",
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

/** How an instance ends when it runs. `failed_for_good` forbids retries; `lost`: its runner died; `rescheduled`: as a sensor that has to wait once in each try, and then succeeds. */
export type End = "success" | "failed" | "failed_for_good" | "skipped" | "lost" | "rescheduled";

/** What a section maps over: the lists it has (see `lengths`) as they are, two of them crossed, objects with the inputs' names, or lists made of them. */
export const MAPPING_SHAPES = ["expand", "product", "expand_kwargs", "map", "zip", "zip_longest", "concat"] as const;
export type MappingShape = (typeof MAPPING_SHAPES)[number];

/** What is in a group that runs again as a whole. */
export const GROUP_CORES = ["chain", "retry_group", "mapped_group", "loop"] as const;
export type GroupCore = (typeof GROUP_CORES)[number];

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
  shape: MappingShape;
  core: GroupCore;
  /** How its tasks end, by try and map index. */
  ends: End[];
  retries: number;
  /** Choices of no further structure, a bit each. */
  flags: number;
}

export interface DagGenes {
  sections: Section[];
  runs: number;
  maxActiveRuns: number;
  maxActiveTasks: number;
  /** The DAG is paused after so many failed runs in a row; 0: never. */
  maxConsecutiveFailedDagRuns: number;
  poolSlots: number;
  failFast: boolean;
  timesOut: boolean;
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
      { weight: 4, arbitrary: fc.constantFrom<End>("failed", "failed_for_good", "skipped", "lost", "rescheduled") },
    ),
    { minLength: 1, maxLength: 3 },
  ),
  retries: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 2 }) }),
  shape: fc.oneof({ weight: 2, arbitrary: fc.constant<MappingShape>("expand") }, { weight: 3, arbitrary: fc.constantFrom(...MAPPING_SHAPES) }),
  core: fc.oneof({ weight: 1, arbitrary: fc.constant<GroupCore>("chain") }, { weight: 1, arbitrary: fc.constantFrom(...GROUP_CORES) }),
  flags: fc.nat(2 ** 14 - 1),
});

/** `always`: a number that means no limit. */
const rarely = (limited: fc.Arbitrary<number>, always: number): fc.Arbitrary<number> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(always) }, { weight: 1, arbitrary: limited });

const seldom = fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });

export const UNLIMITED = 100;

export const dagGenes: fc.Arbitrary<DagGenes> = fc.record({
  sections: fc.array(section, { minLength: 1, maxLength: 6 }),
  runs: rarely(fc.integer({ min: 2, max: 3 }), 1),
  maxActiveRuns: rarely(fc.integer({ min: 1, max: 2 }), UNLIMITED),
  maxActiveTasks: rarely(fc.integer({ min: 1, max: 3 }), UNLIMITED),
  maxConsecutiveFailedDagRuns: rarely(fc.integer({ min: 1, max: 2 }), 0),
  poolSlots: rarely(fc.integer({ min: 1, max: 3 }), UNLIMITED),
  failFast: seldom,
  timesOut: seldom,
});
