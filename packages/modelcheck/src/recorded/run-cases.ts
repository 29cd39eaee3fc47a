import { type DagSpec, type TaskInstanceState, type TaskSpec, type TriggerRule } from "@tradewind/core";
import { dagSpec, groupSpec, taskSpec } from "@tradewind/core/plain-spec";

/** A task as the recorded runs write it. */
interface RecordedTask {
  id: string;
  upstream?: string[];
  triggerRule?: TriggerRule;
  outcome?: End | End[];
  mapped?: number;
  group?: string;
  setup?: boolean;
  teardown?: boolean;
  setups?: string[];
  onFailureFailDagRun?: boolean;
  dependsOnPast?: boolean;
  waitForDownstream?: boolean;
}

export type End = Extract<TaskInstanceState, "success" | "failed" | "skipped">;

/** What came of one recorded run: its state, and those of its task instances. */
export interface RecordedAnswer {
  run: string;
  tasks: Record<string, string | null>;
}

interface RecordedCase {
  name: string;
  tasks: RecordedTask[];
  groups?: Record<string, { mapped: number }>;
  runs?: Record<string, End>[];
  expect: RecordedAnswer | RecordedAnswer[];
}

/** A recorded case: a DAG, how its instances end if they run, run by run, and what came of it. */
export interface RunCase {
  name: string;
  spec: DagSpec;
  runs: { ends(taskId: string, mapIndex: number): End; expected: RecordedAnswer }[];
}

export function readRunCase(line: string, dagId?: string): RunCase {
  const recorded = JSON.parse(line) as RecordedCase;
  const byId = new Map(recorded.tasks.map((task) => [task.id, task]));
  const answers = Array.isArray(recorded.expect) ? recorded.expect : [recorded.expect];
  return {
    name: recorded.name,
    spec: toSpec(recorded, dagId ?? recorded.name),
    runs: answers.map((expected, index) => ({
      expected: { run: expected.run, tasks: expected.tasks },
      ends(taskId, mapIndex) {
        const outcome = recorded.runs?.[index]?.[taskId] ?? byId.get(taskId)!.outcome!;
        return Array.isArray(outcome) ? outcome[mapIndex]! : outcome;
      },
    })),
  };
}

function toSpec({ tasks, groups = {}, runs }: RecordedCase, dagId: string): DagSpec {
  const mappingOf = (length: number) => ({
    kind: "expand" as const,
    order: ["member"],
    inputs: { member: { kind: "value" as const, value: Array.from({ length }, (_, index) => index) } },
  });
  return dagSpec({
    dagId,
    isPausedUponCreation: false,
    ...(runs !== undefined && {
      catchup: true,
      schedule: { kind: "delta_trigger", everyMs: DAY_MS, intervalMs: 0 },
      startDate: FIRST_DATE,
      endDate: new Date(Date.parse(FIRST_DATE) + (runs.length - 1) * DAY_MS).toISOString(),
    }),
    groups: Object.entries(groups).map(([groupId, { mapped }]) => groupSpec(groupId, { mapping: mappingOf(mapped) })),
    tasks: tasks.map((task): TaskSpec => {
      const { id, upstream = [], setups = [], mapped, group = null, outcome: _outcome, setup, teardown, ...fields } = task;
      return taskSpec(id, {
        ...fields,
        upstream: [...new Set([...upstream, ...setups])].sort(),
        setups: [...setups].sort(),
        groupId: group,
        isSetup: setup ?? false,
        isTeardown: teardown ?? false,
        ...(teardown === true && { triggerRule: "all_done_setup_success" }),
        mapping: mapped === undefined ? null : mappingOf(mapped),
      });
    }),
  });
}

export const DAY_MS = 86_400_000;
/** The first logical date of recorded runs that depend on the past; one a day follows. */
export const FIRST_DATE = "2026-01-01T00:00:00.000Z";
