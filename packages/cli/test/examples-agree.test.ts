import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

interface Compared {
  dagId: string;
  byHand: { state: string; tasks: Record<string, string | null> };
  inTest: object;
}

test("dags test and the testing kit give the same result for each example", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, "compare-examples.ts")]);
  const results = JSON.parse(stdout.split("\n").at(-1)!) as Compared[];
  expect(results.length).toBeGreaterThan(15);
  const of = (side: "byHand" | "inTest") => Object.fromEntries(results.map((result) => [result.dagId, result[side]]));
  expect(of("inTest")).toEqual(of("byHand"));
  // What needs a connection fails in both; the others show what they are about.
  const failed = results.filter(({ byHand }) => byHand.state !== "success").map(({ dagId }) => dagId);
  expect(failed).toEqual(["data_quality"]);
});
