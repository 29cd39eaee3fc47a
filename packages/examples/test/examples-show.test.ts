import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { testDag } from "tradewind/testing";
// oxlint-disable-next-line import/no-unassigned-import -- it adds the matchers
import "tradewind/testing/vitest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useTestDatabase } from "@tradewind/testkit/database";
import { IMAGE, startStandIns, type StandIns } from "@tradewind/testkit/stand-ins";
import { dag as branchById } from "../src/dags/branch_by_id.ts";
import { dag as cluster } from "../src/dags/cluster.ts";
import { dag as nestedGroups } from "../src/dags/nested_groups.ts";
import { dag as containerJob } from "../src/dags/needs_connections/container_job.ts";
import { dag as lakeUpload } from "../src/dags/needs_connections/lake_upload.ts";
import { dag as mailReport } from "../src/dags/needs_connections/mail_report.ts";
import { dag as notifications } from "../src/dags/needs_connections/notifications.ts";
import { dag as shopImport } from "../src/dags/needs_connections/shop_import.ts";
import { dag as sqlite } from "../src/dags/needs_connections/sqlite.ts";
import { dag as tableCopy } from "../src/dags/table_copy.ts";
import { dags as timetables } from "../src/dags/timetables.ts";
import { dag as triggerRules } from "../src/dags/trigger_rules.ts";
import { report as storesReport } from "../src/dags/wait_for_other_dag.ts";
import { dag as waitingForTime } from "../src/dags/waiting_for_time.ts";

/** What the descriptions of the examples promise; that each of them runs is tested with the command `dags test`. */

const logicalDate = "2026-01-31T06:00:00Z";
const database = useTestDatabase();
let servers: StandIns;
beforeAll(async () => {
  servers = await startStandIns(database.url);
});
afterAll(() => servers.stop());
const withServers = () => ({ logicalDate, connections: servers.connections });

describe("examples without servers", () => {
  it("trigger_rules: only what fits a success, a failure and a skip runs", async () => {
    const run = await testDag(triggerRules).run();
    expect(run).toSucceed();
    const ran = run.tasks.filter(({ state }) => state === "success").map(({ taskId }) => taskId);
    expect(ran).toEqual(expect.arrayContaining(["all_done", "one_success", "one_failed", "one_done", "always"]));
    expect(ran).toHaveLength("good end".split(" ").length + 5);
  });

  it.each([
    { rows: 0, states: { load: "skipped", "in_pieces.split": "skipped", loaded: "skipped" } },
    { rows: 5, states: { load: "success", "in_pieces.split": "skipped", loaded: "success" } },
    { rows: 50_000, states: { load: "skipped", "in_pieces.split": "success", loaded: "success" } },
  ] as const)("branch_by_id: $rows rows", async ({ rows, states }) => {
    expect(await testDag(branchById).run({ logicalDate, params: { rows } })).toHaveTaskStates({ ...states, invoice: "skipped", tidy_up: "success" });
  });

  it("cluster: what is set up is torn down in turn, and a cluster that goes on fails the run", async () => {
    const run = await testDag(cluster).run();
    expect(run).toHaveRunInOrder("start_cluster", "open_session", "train", "evaluate", "close_session", "stop_cluster");
    const stuck = await testDag(cluster).run({ params: { stuck: true } });
    expect(stuck).toFail();
    expect(stuck).toHaveTaskStates({ evaluate: "success", stop_cluster: "failed" });
  });

  it("nested_groups: ids have those of their groups, and the loop takes three rounds", async () => {
    const run = await testDag(nestedGroups).run();
    expect(run).toHaveTaskStates({ "sources.europe.total": "success", "checks.total[1]": "success", "smooth[2]": "success" });
    expect(run.tasks.filter(({ taskId }) => taskId === "smooth")).toHaveLength(3);
  });

  it("waiting_for_time: the late data is waited for by the clock of the run", async () => {
    const [, second] = testDag(waitingForTime).next(2);
    const run = await testDag(waitingForTime).run(second);
    expect(run).toHaveTaskStates({ late_data_is_in: "success", on_weekends: "skipped", open: "success" });
    expect(run.durationMs).toBeGreaterThanOrEqual(2 * 3_600_000);
  });

  it("wait_for_other_dag: there was no run the day before the first", async () => {
    const otherRuns = (_dagId: string, runId: string) => (runId.includes("2026-01-01") ? undefined : ("success" as const));
    const run = await testDag(storesReport).run({ logicalDate: "2026-01-02", otherRuns });
    expect(run).toHaveTaskStates({ all_stores: "success", yesterday: "skipped", write: "success" });
    expect(await testDag(storesReport).run({ logicalDate: "2026-01-02", otherRuns: "failed" })).toHaveTaskState("all_stores", "failed");
  });

  it("timetables: the first run without a start date is that of the last tick", () => {
    const dag = timetables.find(({ dagId }) => dagId === "timetable_first_run_at_once")!;
    const next = (now: string) => testDag(dag, { now }).next()[0]?.logicalDate?.toISOString();
    expect(next("2026-05-05T05:00:00Z")).toBe("2026-05-05T00:00:00.000Z");
    expect(next("2026-05-05T07:00:00Z")).toBe("2026-05-06T00:00:00.000Z");
  });
});

describe("examples with servers", () => {
  it("table_copy: rows of two days arrive, and look alike", async () => {
    const run = await testDag(tableCopy).run(withServers());
    expect(run).toSucceed();
    expect(run).toHaveXCom("copy", { rows: 100 });
    expect(run.task("checks.like_last_week").result).toMatchObject({ passed: true });
  });

  it("shop_import: reads all pages as the clerk, and confirms the total", async () => {
    const run = await testDag(shopImport).run(withServers());
    expect(run).toSucceed();
    expect(run).toHaveXCom("total", 20);
    expect(servers.shop.requests.filter(({ path }) => path.startsWith("/orders"))).toHaveLength(3);
    expect(servers.shop.requests.at(-1)).toMatchObject({ method: "POST", path: "/receipts", body: { day: "2026-01-31", total: 20 } });
  });

  it("mail_report: a mail with text, HTML and an attachment", async () => {
    expect(await testDag(mailReport).run({ ...withServers(), params: { to: "ann@example.com" } })).toSucceed();
    const mail = servers.mail.received.at(-1)!;
    expect(mail.recipients).toEqual(["ann@example.com"]);
    expect(mail.source).toContain("Subject: Orders of 2026-01-31");
    expect(mail.source).toContain("orders-2026-01-31.csv");
  });

  it("lake_upload: files are in the store and at the partner, and gone from the disk", async () => {
    const run = await testDag(lakeUpload).run(withServers());
    expect(run).toSucceed();
    expect([...servers.lake.objects.keys()].sort()).toEqual(["/sales/2026-01-31/north.csv", "/sales/2026-01-31/south.csv"]);
    expect(await readFile(join(servers.folder, "in/2026-01-31/north.csv"), "utf8")).toContain("north;12");
    await expect(readFile(join(run.task("write_files").result as string, "north.csv"))).rejects.toThrow("ENOENT");
  });

  it("notifications: the chat, the hooks and the owners hear of a failure", async () => {
    const run = await testDag(notifications).run(withServers());
    expect(run).toFail();
    expect(run.callbacks.map(({ event, failures }) => [event, failures])).toEqual([
      ["failure", []],
      ["failure", []],
    ]);
    const told = servers.shop.requests.slice(-2);
    expect(told.map(({ path }) => path)).toEqual(["/hooks/chat", "/hooks/failed"]);
    expect(told[1]!.body).toEqual({ incident: `notifications ${run.runId}`, reason: "task_failure" });
    expect(servers.mail.received.at(-1)!.source).toContain('DAG "notifications" failed: task_failure');
    await testDag(notifications).run({ ...withServers(), params: { failing: false } });
    expect(servers.shop.requests.at(-1)).toMatchObject({ path: "/hooks/finished", body: { event: "success" } });
  });

  it("sqlite: the operators speak to a database of another kind", async () => {
    const run = await testDag(sqlite).run(withServers());
    expect(run).toSucceed();
    expect(run).toHaveXCom("fill", [{ orders: 2, cents: 1500 }]);
  });

  it("container_job: the last line is the result", async ({ skip }) => {
    if (servers.podman === undefined) skip(`No container can be run here: ${servers.noPodman}`);
    const run = await testDag(containerJob).run({ ...withServers(), params: { image: IMAGE } });
    expect(run).toHaveXCom("twice", 84);
    expect(run).toHaveLogged("the day is 2026-01-31", "multiply");
  });

  it("each names the connections that it needs, and is paused until they are there", () => {
    for (const dag of [shopImport, mailReport, lakeUpload, notifications, sqlite, containerJob]) {
      const { isPausedUponCreation, tags, doc } = testDag(dag).spec;
      expect({ isPausedUponCreation, tags, doc }).toMatchObject({
        isPausedUponCreation: true,
        tags: expect.arrayContaining(["needs a connection"]),
        doc: expect.stringContaining("connection"),
      });
    }
  });
});
