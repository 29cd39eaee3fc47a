import { seedDag, seedDagRun, seedTaskInstance, seedTry } from "@tradewind/metadata/testing";
import { beforeAll, describe, expect, it } from "vitest";
import { dagSpec, groupSpec, taskSpec } from "./specs.ts";
import { useTestServer } from "./test-server.ts";

const server = useTestServer();
const RUN = "/api/v2/dags/sales/dagRuns/r1";
/** UUIDs of version 7, as attempts have: logs are kept by their day. */
const attempts = Array.from({ length: 3 }, (_, index) => `019b76da-a800-7000-8000-00000000000${index}`);

beforeAll(async () => {
  const { db } = server.database;
  const groups = [groupSpec("g"), groupSpec("g.h", { parentId: "g" })];
  const tasks = [taskSpec("load", { displayName: "Load it", groupId: "g.h" }), taskSpec("each", { pool: "slow" }), taskSpec("end")];
  await seedDag(db, { spec: dagSpec("sales", { tasks, groups }) });
  await seedDag(db, { spec: dagSpec("stock", { tasks: [taskSpec("only")] }) });
  const r1 = await seedDagRun(db, {
    dagId: "sales",
    runId: "r1",
    state: "running",
    logicalDate: new Date("2026-01-01T00:00:00Z"),
    startDate: new Date("2026-01-01T00:00:01Z"),
    conf: { day: "monday" },
    note: "look here",
    triggeringUserName: "ann",
  });
  await seedDagRun(db, {
    dagId: "sales",
    runId: "scheduled__2026-01-02T00:00:00+00:00",
    runType: "scheduled",
    logicalDate: new Date("2026-01-02T00:00:00Z"),
    startDate: new Date("2026-01-02T00:00:00Z"),
    endDate: new Date("2026-01-02T00:01:30Z"),
  });
  const other = await seedDagRun(db, { dagId: "stock", runId: "r1", state: "failed", runAfter: new Date("2026-01-03T00:00:00Z") });
  await seedTaskInstance(db, { dagRunId: other, taskId: "only", state: "failed" });
  const load = await seedTaskInstance(db, {
    dagRunId: r1,
    taskId: "load",
    state: "running",
    tryNumber: 2,
    attemptId: attempts[1]!,
    startDate: new Date(),
  });
  await seedTry(db, { taskInstanceId: load, tryNumber: 1, state: "failed", attemptId: attempts[0]! });
  for (const mapIndex of [0, 1, 2]) {
    await seedTaskInstance(db, {
      dagRunId: r1,
      taskId: "each",
      mapIndex,
      state: mapIndex === 2 ? "success" : "scheduled",
      pool: "slow",
      duration: mapIndex * 1_000,
    });
  }
  await seedTaskInstance(db, { dagRunId: r1, taskId: "end", state: null });
});

const listRuns = async (dagId: string, query: Record<string, string | string[]>): Promise<string[]> => {
  const answer = await server.call("GET", `/api/v2/dags/${dagId}/dagRuns`, { query });
  expect({ status: answer.statusCode, body: answer.statusCode === 200 ? "" : answer.body }).toEqual({ status: 200, body: "" });
  return answer.json<{ dag_runs: { dag_id: string; dag_run_id: string }[] }>().dag_runs.map((run) => `${run.dag_id}/${run.dag_run_id.slice(0, 9)}`);
};

describe("DAG runs", () => {
  it.each<[string, string, Record<string, string | string[]>, string[]]>([
    ["of one DAG", "sales", {}, ["sales/r1", "sales/scheduled"]],
    ["of all", "~", { order_by: "-run_after" }, ["stock/r1", "sales/scheduled", "sales/r1"]],
    ["by state", "~", { state: ["failed", "running"] }, ["sales/r1", "stock/r1"]],
    ["by type", "~", { run_type: "scheduled" }, ["sales/scheduled"]],
    ["by logical date", "sales", { logical_date_gte: "2026-01-02T00:00:00Z" }, ["sales/scheduled"]],
    ["by a date whose plus became a space", "sales", { logical_date_lt: "2026-01-01T02:00:00 01:30" }, ["sales/r1"]],
    ["by a date without a zone, which is UTC", "sales", { run_after_lte: "2026-01-01T00:00:00" }, ["sales/r1"]],
    ["by duration", "sales", { duration_gte: "90", duration_lte: "90" }, ["sales/scheduled"]],
    ["by part of the run id", "~", { run_id_pattern: "SCHED" }, ["sales/scheduled"]],
    ["by conf", "~", { conf_contains: "monday" }, ["sales/r1"]],
    ["by who triggered it", "~", { triggering_user_name_pattern: "an" }, ["sales/r1"]],
    ["by DAG", "~", { dag_id_prefix_pattern: "st" }, ["stock/r1"]],
    ["by version", "sales", { dag_version: "2" }, []],
    ["without an end last", "sales", { order_by: ["-end_date"] }, ["sales/scheduled", "sales/r1"]],
  ])("%s", async (_what, dagId, query, expected) => {
    expect(await listRuns(dagId, query)).toEqual(expected);
  });

  it("are listed by a body too", async () => {
    const answer = await server.call("POST", "/api/v2/dags/~/dagRuns/list", {
      body: { dag_ids: ["sales"], states: ["running"], order_by: "-id", page_limit: 1 },
    });
    expect(answer.json()).toMatchObject({ total_entries: 1, dag_runs: [{ dag_run_id: "r1" }] });
    expect((await server.call("POST", "/api/v2/dags/sales/dagRuns/list", { body: {} })).statusCode).toBe(422);
    expect((await server.call("POST", "/api/v2/dags/~/dagRuns/list", { body: { wrong: 1 } })).json()).toMatchObject({
      detail: [{ type: "extra_forbidden", loc: ["body", "wrong"] }],
    });
  });

  it("are paged by a cursor, there and back, also when one is added meanwhile", async () => {
    interface Answer {
      dag_runs: { dag_run_id: string }[];
      next_cursor: string | null;
      previous_cursor: string | null;
    }
    const page = async (cursor: string): Promise<Answer> => {
      const answer = await server.call("GET", "/api/v2/dags/~/dagRuns", { query: { cursor, limit: "2", order_by: "-run_after", offset: "7" } });
      expect(answer.json()).toMatchObject({ total_entries: 3, total_entries_limit: 10_000 });
      return answer.json<Answer>();
    };
    const first = await page("");
    expect(first.dag_runs).toHaveLength(2);
    expect(first.previous_cursor).toBeNull();
    const second = await page(first.next_cursor!);
    expect(second).toMatchObject({ dag_runs: [{ dag_run_id: "r1" }], next_cursor: null });
    expect((await page(second.previous_cursor!)).dag_runs).toEqual(first.dag_runs);
    const byOffset = await server.call("GET", "/api/v2/dags/~/dagRuns", { query: { limit: "1" } });
    expect(byOffset.json()).toMatchObject({ total_entries_limit: null, next_cursor: null, previous_cursor: null });
  });

  it("refuse a cursor that was altered, made up, or given out for another order", async () => {
    const list = "/api/v2/dags/~/dagRuns/~/taskInstances";
    const { next_cursor: cursor } = (await server.call("GET", list, { query: { cursor: "", limit: "1" } })).json<{ next_cursor: string }>();
    expect((await server.call("GET", list, { query: { cursor, limit: "1" } })).statusCode).toBe(200);
    const altered = `${cursor.slice(0, 40)}${cursor[40] === "A" ? "B" : "A"}${cursor.slice(41)}`;
    const refused: Record<string, string>[] = [{ cursor: altered }, { cursor: "next" }, { cursor, order_by: "-start_date" }];
    for (const query of refused) {
      const answer = await server.call("GET", list, { query });
      expect({ status: answer.statusCode, code: answer.json<{ code: string }>().code }).toEqual({ status: 400, code: "invalid_request" });
    }
  });

  it("show one as Airflow does", async () => {
    expect((await server.call("GET", RUN)).json()).toMatchObject({
      dag_run_id: "r1",
      dag_id: "sales",
      logical_date: "2026-01-01T00:00:00.000Z",
      conf: { day: "monday" },
      note: "look here",
      run_type: "manual",
      state: "running",
      dag_versions: [{ version_number: 1, dag_id: "sales" }],
    });
    const encoded = encodeURIComponent("scheduled__2026-01-02T00:00:00+00:00");
    expect((await server.call("GET", `/api/v2/dags/sales/dagRuns/${encoded}`)).json()).toMatchObject({ duration: 90 });
  });

  it("of a DAG that does not exist, or that do not exist, are 404", async () => {
    expect((await server.call("GET", "/api/v2/dags/none/dagRuns")).statusCode).toBe(404);
    expect((await server.call("GET", "/api/v2/dags/sales/dagRuns/none")).json()).toMatchObject({ code: "dag_run_not_found" });
  });
});

const listInstances = async (path: string, query: Record<string, string | string[]>): Promise<string[]> => {
  const answer = await server.call("GET", path, { query });
  expect({ status: answer.statusCode, body: answer.statusCode === 200 ? "" : answer.body }).toEqual({ status: 200, body: "" });
  return answer
    .json<{ task_instances: { task_id: string; map_index: number }[] }>()
    .task_instances.map((item) => `${item.task_id}[${item.map_index}]`);
};

describe("task instances", () => {
  it.each<[string, string, Record<string, string | string[]>, string[]]>([
    ["of a run", `${RUN}/taskInstances`, {}, ["load[-1]", "end[-1]", "each[0]", "each[1]", "each[2]"]],
    ["of all runs", "/api/v2/dags/~/dagRuns/~/taskInstances", { state: "failed" }, ["only[-1]"]],
    ["of all runs with one id", "/api/v2/dags/~/dagRuns/r1/taskInstances", { order_by: "-id", limit: "2" }, ["end[-1]", "each[2]"]],
    ["without a state", `${RUN}/taskInstances`, { state: "none" }, ["end[-1]"]],
    ["in one of several states", `${RUN}/taskInstances`, { state: ["none", "success"] }, ["end[-1]", "each[2]"]],
    ["in a pool", `${RUN}/taskInstances`, { pool: "slow", order_by: "-map_index" }, ["each[2]", "each[1]", "each[0]"]],
    ["of a task", `${RUN}/taskInstances`, { task_id: "load" }, ["load[-1]"]],
    ["of a group, and of groups in it", `${RUN}/taskInstances`, { task_group_id: "g" }, ["load[-1]"]],
    ["of a group that is not there", `${RUN}/taskInstances`, { task_group_id: "x" }, []],
    ["by try", `${RUN}/taskInstances`, { try_number: "2" }, ["load[-1]"]],
    ["by duration", `${RUN}/taskInstances`, { duration_gte: "1000", duration_lte: "2000" }, ["each[1]", "each[2]"]],
    [
      "by logical date",
      "/api/v2/dags/~/dagRuns/~/taskInstances",
      { logical_date_lt: "2026-01-01T00:00:01Z", map_index: ["0", "2"] },
      ["each[0]", "each[2]"],
    ],
    ["mapped", `${RUN}/taskInstances/each/listMapped`, { state: "success" }, ["each[2]"]],
  ])("%s", async (_what, path, query, expected) => {
    expect(await listInstances(path, query)).toEqual(expected);
  });

  it("are listed by a body too", async () => {
    const answer = await server.call("POST", "/api/v2/dags/~/dagRuns/~/taskInstances/list", {
      body: { dag_ids: ["stock"], state: ["failed", null] },
    });
    expect(answer.json()).toMatchObject({ total_entries: 1, task_instances: [{ dag_id: "stock", task_id: "only" }] });
  });

  it("show one as Airflow does, with an id that is a UUID and stays", async () => {
    const [first, second] = await Promise.all([server.call("GET", `${RUN}/taskInstances/load`), server.call("GET", `${RUN}/taskInstances/load`)]);
    expect(first.json()).toMatchObject({
      task_display_name: "Load it",
      dag_run_id: "r1",
      map_index: -1,
      try_number: 2,
      executor_config: "{}",
      dag_version: { version_number: 1 },
      trigger: null,
    });
    expect(first.json<{ id: string }>().id).toBe(second.json<{ id: string }>().id);
    expect(first.json<{ duration: number }>().duration).toBeGreaterThanOrEqual(0);
    expect((await server.call("GET", `${RUN}/taskInstances/each/1`)).json()).toMatchObject({ map_index: 1 });
  });

  it("say what is wrong when there is none", async () => {
    expect((await server.call("GET", `${RUN}/taskInstances/each`)).json()).toMatchObject({ detail: expect.stringContaining("mapped") });
    expect((await server.call("GET", `${RUN}/taskInstances/none`)).json()).toMatchObject({ code: "task_instance_not_found" });
    expect((await server.call("GET", `${RUN}/taskInstances/none/listMapped`)).statusCode).toBe(404);
    expect((await server.call("GET", "/api/v2/dags/sales/dagRuns/none/taskInstances")).statusCode).toBe(404);
  });

  it("tell their tries", async () => {
    const { task_instances: tries } = (await server.call("GET", `${RUN}/taskInstances/load/tries`)).json<{
      task_instances: { try_number: number; state: string }[];
    }>();
    expect(tries.map((item) => [item.try_number, item.state])).toEqual([
      [1, "failed"],
      [2, "running"],
    ]);
    expect((await server.call("GET", `${RUN}/taskInstances/load/tries/1`)).json()).toMatchObject({ state: "failed" });
    expect((await server.call("GET", `${RUN}/taskInstances/load/tries/3`)).statusCode).toBe(404);
    expect((await server.call("GET", `${RUN}/taskInstances/each/1/tries`)).json()).toMatchObject({ total_entries: 1 });
  });
});

const line = (message: string, fields?: Record<string, unknown>) => ({
  at: Date.UTC(2026, 0, 1),
  level: "info" as const,
  stream: "log" as const,
  message,
  ...(fields && { fields }),
});
const LOGS = `${RUN}/taskInstances/load/logs`;
interface LogAnswer {
  content: { event: string; level: string; timestamp: string }[];
  continuation_token: string | null;
}

describe("logs", () => {
  it("of a try that is over end, those of one that runs go on from the token", async () => {
    await server.logs.append(attempts[0]!, { offset: 0, lines: [line("first"), line("oh no", { code: 7 })], last: true });
    await server.logs.append(attempts[1]!, { offset: 0, lines: [line("again")] });
    const over = (await server.call("GET", `${LOGS}/1`)).json<LogAnswer>();
    expect(over.content).toEqual([
      { timestamp: "2026-01-01T00:00:00.000Z", level: "info", logger: "log", event: "first" },
      { timestamp: "2026-01-01T00:00:00.000Z", level: "info", logger: "log", event: "oh no", code: 7 },
    ]);
    expect(over.continuation_token).toBeNull();

    const live = (await server.call("GET", `${LOGS}/2`)).json<LogAnswer>();
    expect(live.content.map(({ event }) => event)).toEqual(["again"]);
    await server.logs.append(attempts[1]!, { offset: 1, lines: [line("and on")] });
    const later = (await server.call("GET", `${LOGS}/2`, { query: { token: live.continuation_token ?? "" } })).json<LogAnswer>();
    expect(later.content.map(({ event }) => event)).toEqual(["and on"]);
    expect(later.continuation_token).not.toBeNull();
  });

  it("come in pages, or as a whole", async () => {
    const lines = Array.from({ length: 4500 }, (_, index) => line(`line ${index}`));
    await server.logs.append(attempts[2]!, { offset: 0, lines, last: true });
    const run = await seedDagRun(server.database.db, { dagId: "sales", runId: "long" });
    await seedTaskInstance(server.database.db, {
      dagRunId: run,
      taskId: "each",
      mapIndex: 4,
      state: "success",
      tryNumber: 1,
      attemptId: attempts[2]!,
    });
    const path = "/api/v2/dags/sales/dagRuns/long/taskInstances/each/logs/1";
    const events: string[] = [];
    let token: string | null = "";
    for (let pages = 0; token !== null; pages += 1) {
      expect(pages).toBeLessThan(5);
      const answer: LogAnswer = (await server.call("GET", path, { query: { map_index: "4", ...(token === "" ? {} : { token }) } })).json<LogAnswer>();
      events.push(...answer.content.map(({ event }) => event));
      token = answer.continuation_token;
    }
    expect(events).toEqual(lines.map(({ message }) => message));
    const whole = (await server.call("GET", path, { query: { map_index: "4", full_content: "true" } })).json<LogAnswer>();
    expect([whole.content.length, whole.continuation_token]).toEqual([4500, null]);
    const ndjson = await server.call("GET", path, { query: { map_index: "4" }, headers: { accept: "application/x-ndjson" } });
    expect(ndjson.headers["content-type"]).toContain("application/x-ndjson");
    expect(
      ndjson.body
        .trim()
        .split("\n")
        .map((text) => (JSON.parse(text) as { event: string }).event),
    ).toEqual(events);
  });

  it("are text for who asks for text", async () => {
    const text = await server.call("GET", `${LOGS}/1`, { headers: { accept: "text/plain" } });
    expect(text.body).toBe("[2026-01-01T00:00:00.000Z] INFO log - first\n[2026-01-01T00:00:00.000Z] INFO log - oh no code=7\n");
  });

  it("are followed until the attempt closes them", async () => {
    const following = server.call("GET", `${LOGS}/2`, { query: { follow: "true" }, headers: { accept: "application/x-ndjson" } });
    await server.logs.append(attempts[1]!, { offset: 2, lines: [line("the end")], last: true });
    expect((await following).body.trim().split("\n").at(-1)).toContain("the end");
  });

  it("say in a stream where to go on, and when they are at their end", async () => {
    const path = "/api/v2/dags/sales/dagRuns/long/taskInstances/each/logs/1";
    const read = async (query: Record<string, string>): Promise<{ event?: string; continuation_token?: string | null }[]> => {
      const headers = { accept: "application/x-ndjson" };
      const answer = await server.call("GET", path, { query: { map_index: "4", tokens: "true", ...query }, headers });
      return answer.body
        .trim()
        .split("\n")
        .map((text) => JSON.parse(text) as { event?: string; continuation_token?: string | null });
    };
    const lines = await read({});
    const marks = lines.filter((one) => one.event === undefined);
    expect([lines.length, marks.length, marks.at(-1), lines.at(-1)]).toEqual([4503, 3, { continuation_token: null }, { continuation_token: null }]);
    const rest = await read({ token: marks[0]!.continuation_token! });
    expect([rest[0]!.event, rest.at(-2)!.event, rest.length]).toEqual(["line 2000", "line 4499", 2502]);
  });

  it("of tries that were not, of a task instance that never started, and with a strange token", async () => {
    expect((await server.call("GET", `${LOGS}/3`)).statusCode).toBe(404);
    expect((await server.call("GET", `${RUN}/taskInstances/end/logs/0`)).json()).toEqual({ content: [], continuation_token: null });
    expect((await server.call("GET", `${LOGS}/1`, { query: { token: "nonsense" } })).statusCode).toBe(400);
  });
});
