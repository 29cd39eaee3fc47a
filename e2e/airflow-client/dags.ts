import type { Installation } from "@tradewind/testkit";

const SALES = `import { Dag, getContext } from "tradewind";

export const dag = new Dag("sales", { tags: ["daily", "shop"], owner: "finance", params: { day: { type: "string", default: "sunday" } } });

const extract = dag.task("extract", async () => {
  console.log("reading " + getContext<typeof dag>().params.day);
  return [1, 2, 3];
});
const count = dag.task("count", async ({ part }: { part: number }) => part * 2);
const load = dag.task("load", async ({ counts }: { counts: number[] }) => ({ total: counts.reduce((sum, one) => sum + one, 0) }));

const loaded = load({ counts: count.expand({ part: extract() }) });
const checks = dag.taskGroup("checks");
checks.task("rows", async () => {})().after(loaded);
checks.task("sums", async () => {})().after(loaded);
`;

const FLAKY = `import { Dag, getClient } from "tradewind";

export const dag = new Dag("flaky", { owner: "ops" });

dag.task("shaky", async () => {
  if ((await getClient().variables.get("mended", { default: "no" })) === "no") throw new Error("not mended yet");
})();
`;

/** DAGs for a day's work: one with params, a mapped task and a group; one that fails until a variable says that it is mended; and a file that cannot be loaded. */
export async function saveDags(installation: Pick<Installation, "saveDag" | "untilKnown">): Promise<void> {
  installation.saveDag("sales.ts", SALES);
  installation.saveDag("flaky.ts", FLAKY);
  installation.saveDag("spare.ts", `import { Dag } from "tradewind";\nexport const dag = new Dag("spare");\ndag.task("rest", async () => {})();\n`);
  installation.saveDag("broken.ts", `import { nothing } from "./not-there.ts";\nexport const dag = nothing;\n`);
  await installation.untilKnown("sales", "flaky", "spare");
}
