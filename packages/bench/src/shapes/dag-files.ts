/** DAG files of the benchmarks, as an author would write them. Limits are out of the way: the benchmarks measure the machinery, not the limits. */
const OPTIONS = "isPausedUponCreation: false, maxActiveTasks: 100000, maxActiveRuns: 100000";

/** `length` no-op tasks, one after the other. */
export const chain = (dagId: string, length: number): string => `import { Dag } from "tradewind";
export const dag = new Dag(${JSON.stringify(dagId)}, { ${OPTIONS} });
let previous;
for (let index = 0; index < ${length}; index += 1) {
  const step = dag.task(\`t\${index}\`, () => {})();
  if (previous) previous.before(step);
  previous = step;
}
`;

/** One task, `width` no-op tasks below it, one that joins them. */
export const fanOut = (dagId: string, width: number): string => `import { Dag } from "tradewind";
export const dag = new Dag(${JSON.stringify(dagId)}, { ${OPTIONS} });
const first = dag.task("first", () => {})();
const last = dag.task("last", () => {})();
for (let index = 0; index < ${width}; index += 1) first.before(dag.task(\`t\${index}\`, () => {})().before(last));
`;

/** `count` DAGs of \`width\` no-op tasks without edges. */
export const parallelDags = (prefix: string, count: number, width: number): string => `import { Dag } from "tradewind";
export const dags = Array.from({ length: ${count} }, (_, number) => {
  const dag = new Dag(\`${prefix}_\${number}\`, { ${OPTIONS} });
  for (let index = 0; index < ${width}; index += 1) dag.task(\`t\${index}\`, () => {})();
  return dag;
});
`;
