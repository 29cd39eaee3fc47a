import { nameOf, type ModelInstance, type RunModel } from "../model/run-model.ts";
import type { LiveAttempt, LiveCase } from "./live-case.ts";

/** What one limit allows, and what holds of it. */
interface Limit {
  name: string;
  capacity: number;
  used: number;
  /** How much of it the instance would take. */
  needs: number;
}

/** No limit is exceeded. Throws otherwise. */
export function checkLimits(live: LiveCase): void {
  for (const { run, instance } of live.attempts) {
    for (const { name, capacity, used } of limitsOf(live, run, instance)) {
      if (used > capacity) throw new Error(`${name} allows ${capacity}, and ${used} are taken, one by ${nameOf(instance)}`);
    }
  }
}

/** "Starved … are excluded and the query repeated until something is found": what was not started was held by a limit of its own. Throws otherwise. */
export function checkNothingStarves(live: LiveCase): void {
  if (live.isPaused) return;
  for (const run of live.runs) {
    for (const instance of run.instances.filter(({ state, attempt }) => state === "scheduled" && attempt === null)) {
      const isHeld = limitsOf(live, run, instance).some(({ capacity, used, needs }) => used + needs > capacity);
      if (!isHeld) throw new Error(`${nameOf(instance)} of run ${live.runs.indexOf(run)} is ready, no limit holds it, and it was not started`);
    }
  }
}

function limitsOf(live: LiveCase, run: RunModel, instance: ModelInstance): Limit[] {
  const task = live.dag.task(instance.taskId);
  const count = (matches: (attempt: LiveAttempt) => boolean): number => live.attempts.filter((attempt) => holds(attempt) && matches(attempt)).length;
  const isSameTask = (attempt: LiveAttempt): boolean => attempt.instance.taskId === task.taskId;
  const limits: Limit[] = [
    { name: "max_active_tasks", capacity: live.built.spec.maxActiveTasks, used: count((attempt) => attempt.run === run), needs: 1 },
  ];
  if (task.maxActiveTisPerDag !== null)
    limits.push({ name: "max_active_tis_per_dag", capacity: task.maxActiveTisPerDag, used: count(isSameTask), needs: 1 });
  if (task.maxActiveTisPerDagrun !== null) {
    const used = count((attempt) => attempt.run === run && isSameTask(attempt));
    limits.push({ name: "max_active_tis_per_dagrun", capacity: task.maxActiveTisPerDagrun, used, needs: 1 });
  }
  const { pool } = live.built;
  if (pool !== null && task.pool === pool.name) {
    const inPool = live.attempts.filter((attempt) => holds(attempt)).map((attempt) => live.dag.task(attempt.instance.taskId));
    const used = inPool.filter((one) => one.pool === pool.name).reduce((sum, one) => sum + one.poolSlots, 0);
    limits.push({ name: `pool ${pool.name}`, capacity: pool.slots, used, needs: task.poolSlots });
  }
  return limits;
}

/** An attempt that nobody has started gives its slots back as soon as its instance has moved on. */
function holds({ attemptId, instance }: LiveAttempt): boolean {
  return instance.attempt?.attemptId === attemptId;
}
