import type { TaskGroupSpec, TaskSpec } from "@tradewind/core";
import { taskSpec } from "@tradewind/core/plain-spec";
import { buildDag } from "../generate/build-dag.ts";
import type { Case } from "../generate/case.ts";

/** A generated case for people: its DAG, a line a task, and what happened to its runs. */
export function showCase(source: Case, log: readonly string[]): string {
  const { spec, pool } = buildDag(source.dag, "dag");
  const facts = [
    `${source.dag.runs} run(s)`,
    `max_active_tasks ${spec.maxActiveTasks}`,
    spec.failFast && "fail fast",
    pool && `pool of ${pool.slots}`,
  ];
  const groups = spec.groups.map((group) => `  group ${showGroup(group)}`);
  const tasks = spec.tasks.map((task) => `  ${showTask(task)}`);
  return [facts.filter(Boolean).join(", "), ...groups, ...tasks, "what happened:", ...log.map((line) => `  ${line}`)].join("\n");
}

function showGroup({ groupId, mapping, loop, retries }: TaskGroupSpec): string {
  const facts = [
    mapping && `mapped ${JSON.stringify(mapping.kind === "expand" ? mapping.inputs : mapping.input)}`,
    loop && `loop ${JSON.stringify(loop)}`,
  ];
  return [groupId, ...facts, retries > 0 && `retries ${retries}`].filter(Boolean).join(", ");
}

/** `t3 < t1, t2: all_done, retries 1`: only what is not as in a plain task. */
function showTask(task: TaskSpec): string {
  const plain = taskSpec(task.taskId);
  const shown = { ...task, upstream: [], retryDelayMs: plain.retryDelayMs };
  const facts = Object.entries(shown).flatMap(([name, value]) => {
    const usual = JSON.stringify(plain[name as keyof TaskSpec]);
    const text = JSON.stringify(value);
    return text === usual ? [] : [`${name} ${text}`];
  });
  const name = task.upstream.length === 0 ? task.taskId : `${task.taskId} < ${task.upstream.join(", ")}`;
  return facts.length === 0 ? name : `${name}: ${facts.join(", ")}`;
}
