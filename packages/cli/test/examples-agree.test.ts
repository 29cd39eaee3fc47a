import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { useTestDatabase } from "@tradewind/testkit/database";
import { startStandIns, type StandIns } from "@tradewind/testkit/stand-ins";
import { afterAll, beforeAll, expect, test } from "vitest";

interface Compared {
  dagId: string;
  byHand: { state: string; tasks: Record<string, string | null>; failures: string[] };
  inTest: object;
}

/** Those that show how a run fails. */
const FAIL_ON_PURPOSE = ["notifications"];

const database = useTestDatabase();
let servers: StandIns;
beforeAll(async () => {
  servers = await startStandIns(database.url);
});
afterAll(() => servers.stop());

test("dags test and the testing kit give the same result for each example", { timeout: 120_000 }, async () => {
  const settings = join(servers.folder, "settings.json");
  writeFileSync(settings, JSON.stringify({ connections: servers.connections }));
  const leftOut = servers.podman === undefined ? ["container_job"] : [];
  if (leftOut.length > 0) console.warn(`container_job is left out, it needs a podman that can run containers: ${servers.noPodman}`);
  if (isJustAfterMidnightIn("Europe/Madrid")) leftOut.push("waiting_for_time");
  const program = [join(import.meta.dirname, "compare-examples.ts"), settings, ...leftOut];
  const { stdout } = await promisify(execFile)(process.execPath, program, { timeout: 110_000 });
  const results = JSON.parse(stdout.split("\n").at(-1)!) as Compared[];
  expect(results.length).toBeGreaterThan(45);
  const of = (side: "byHand" | "inTest") => Object.fromEntries(results.map((result) => [result.dagId, result[side]]));
  expect(of("inTest")).toEqual(of("byHand"));
  const failed = results.filter(({ dagId, byHand }) => byHand.state !== "success" && !FAIL_ON_PURPOSE.includes(dagId));
  expect(failed.map(({ dagId, byHand }) => `${dagId}: ${byHand.failures.join(", ")}`)).toEqual([]);
});

/** Its sensor waits by the clock of the machine until five past midnight. */
function isJustAfterMidnightIn(timeZone: string): boolean {
  const time = new Date().toLocaleTimeString("en-GB", { timeZone, hour: "2-digit", minute: "2-digit" });
  return time >= "00:00" && time <= "00:05";
}
