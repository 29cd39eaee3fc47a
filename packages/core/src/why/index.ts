/**
 * "Why is this not running?": facts in, causes out. It asks the same functions as the scheduler (the run machine's look at an instance, the limits of dispatch, the starts of runs), so an answer
 * cannot contradict what the scheduler does with the same facts.
 */
export { explainDag, explainDagRun, explainMissingTask, explainTaskInstance } from "./explain.ts";
export { listWhyNeeds } from "./waits.ts";
export type { WhyDag, WhyHolder, WhyInstance, WhyLease, WhyPool, WhyRun, WhyRunFacts, WhySchedule, WhySystem, WhyWorker } from "./why-facts.ts";
export {
  type Cause,
  MOST_NAMED,
  type Why,
  WHY_ACTIONS,
  WHY_CODES,
  type WhyAction,
  type WhyActionId,
  type WhyCode,
  type WhyStatus,
  type WhySubject,
} from "./why.ts";
