import { dependsOnPastSuite } from "./depends-on-past.ts";
import { priorityWeightsSuite } from "./priority-weights.ts";
import { mappedGroupsSuite, runsSuite } from "./runs.ts";
import type { VectorSuite } from "./suite.ts";
import { timetablesSuite } from "./timetables.ts";
import { triggerRulesSuite } from "./trigger-rules.ts";

/** Every suite we know, by the name of the file it reads. A new file of answers gets its line here. */
export const vectorSuites: readonly VectorSuite[] = [
  timetablesSuite,
  priorityWeightsSuite,
  triggerRulesSuite,
  runsSuite,
  mappedGroupsSuite,
  dependsOnPastSuite,
];
