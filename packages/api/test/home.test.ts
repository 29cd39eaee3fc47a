import { transaction } from "@tradewind/metadata";
import { insertUser, putDagGrant } from "@tradewind/metadata/rest";
import { builder, run, seedDag, seedDagRun, seedTaskInstance } from "@tradewind/metadata/testing";
import { beforeAll, expect, it } from "vitest";
import { dagSpec, taskSpec } from "./specs.ts";
import { useTestServer } from "./test-server.ts";

const server = useTestServer();

interface Home {
  components: { id: string; status: string; detail: string }[];
  counts: Record<string, number>;
  failing: { total: number; items: { dag_id: string; dag_run_id: string; failures: number; task_id: string | null; reason: string | null }[] };
  late: { total: number; items: { dag_id: string; is_blocked: boolean }[] };
  stuck: { total: number; items: { state: string; place: string; count: number; dag_id: string; task_id: string }[] };
  import_errors: { total: number; items: { filename: string; line: number | null }[] };
  paused_by_failures: { total: number; items: { dag_id: string; reason: string | null }[] };
  running: { dag_id: string; total: number; unfinished: number; failed: number }[];
  recent: { dag_id: string; state: string }[];
  throughput: { since: string; span_seconds: number; spans: number; bars: { place: number; success: number; failed: number; running: number }[] };
  pools: { name: string; slots: number; used: number; waiting: number }[];
}

async function readHome(): Promise<Home> {
  const answer = await server.call("GET", "/ui/home", { role: "Viewer" });
  expect(answer.statusCode).toBe(200);
  return answer.json<Home>();
}

const minutesAgo = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);

/** A run that took a minute. */
async function ended(dagId: string, state: "success" | "failed", minutes: number): Promise<number> {
  const dagRunId = await seedDagRun(server.database.db, { dagId, runId: `${dagId} ${minutes}`, state, runAfter: minutesAgo(minutes) });
  await run(server.database.db, {
    text: "update dag_run set start_date = $2, end_date = $2::timestamptz + interval '1 minute' where id = $1",
    values: [dagRunId, minutesAgo(minutes)],
  });
  return dagRunId;
}

beforeAll(async () => {
  const { db } = server.database;
  for (const dagId of ["good", "bad", "mended", "late", "off", "hog"])
    await seedDag(db, { spec: dagSpec(dagId, { tasks: [taskSpec("load"), taskSpec("end")] }) });
});

it("an installation in which nothing has happened: no scheduler, nobody who works, and nothing to look at", async () => {
  const home = await readHome();
  expect(home.components).toMatchObject([
    { id: "scheduler", status: "unhealthy", detail: "none is running" },
    { id: "dag_processor", status: "unhealthy" },
    { id: "api", status: "healthy" },
    { id: "workers", status: "idle" },
    { id: "database", status: "healthy" },
  ]);
  for (const kind of ["failing", "late", "stuck", "import_errors", "paused_by_failures"] as const)
    expect(home[kind]).toEqual({ total: 0, items: [] });
  expect(home).toMatchObject({ running: [], recent: [], pools: [], throughput: { bars: [] } });
});

it("tells what is wrong, what runs, what ended and how much there was", async () => {
  const { db } = server.database;
  await ended("good", "success", 30);
  await ended("mended", "failed", 25);
  await ended("mended", "success", 20);
  await ended("bad", "failed", 15);
  const failedId = await ended("bad", "failed", 10);
  await run(db, {
    text: "update task_instance set state_reason = 'no such table', end_date = now() where id = $1",
    values: [await seedTaskInstance(db, { dagRunId: failedId, taskId: "load", state: "failed" })],
  });
  const runningId = await seedDagRun(db, { dagId: "hog", runId: "now", state: "running" });
  await run(db, { text: "update dag_run set start_date = now() where id = $1", values: [runningId] });
  await seedTaskInstance(db, { dagRunId: runningId, taskId: "end", state: "success" });
  const loadId = await seedTaskInstance(db, { dagRunId: runningId, taskId: "load", state: "queued" });
  await run(db, { text: "insert into pool (name, slots) values ('small', 1)" });
  await run(db, {
    text: `insert into lease (attempt_id, task_instance_id, dag_run_id, dag_id, task_id, map_index, try_number, state, pool, pool_slots, executor, queue, priority_weight, bundle_sha256,
        scheduler_id, expires_at, queued_at)
      values (gen_random_uuid(), $1, $2, 'hog', 'load', -1, 1, 'queued', 'small', 1, 'bullmq', 'gpu', 1, '', gen_random_uuid(), now(), now() - interval '5 minutes')`,
    values: [loadId, runningId],
  });
  await run(db, { text: "update dag set next_run_at = now() - interval '10 minutes', creation_blocked = true where dag_id = 'late'" });
  await run(db, { text: "update dag set is_paused = true, max_consecutive_failed_dag_runs = 2 where dag_id = 'off'" });
  await run(db, {
    text: `insert into event_log (event, owner, dag_id, extra) values ('paused', 'scheduler', 'off', '{"after": {"is_paused": true}, "reason": "the last 2 runs failed"}')`,
  });
  const { id: fileId } = await builder(db)
    .insertInto("dag_file")
    .values({ bundle_name: "dags", relative_path: "broken.ts" })
    .returning("id")
    .executeTakeFirstOrThrow();
  await run(db, {
    text: "insert into import_error (dag_file_id, timestamp, kind, message, line, stack_trace) values ($1, now(), 'SyntaxError', 'Unexpected end', 3, '')",
    values: [fileId],
  });

  const home = await readHome();
  expect(home.failing).toMatchObject({
    total: 1,
    items: [{ dag_id: "bad", dag_run_id: "bad 10", failures: 2, task_id: "load", reason: "no such table" }],
  });
  expect(home.late).toMatchObject({ total: 1, items: [{ dag_id: "late", is_blocked: true }] });
  expect(home.stuck).toMatchObject({ total: 1, items: [{ state: "queued", place: "bullmq", count: 1, dag_id: "hog", task_id: "load" }] });
  expect(home.import_errors).toMatchObject({ total: 1, items: [{ filename: "broken.ts", line: 3 }] });
  expect(home.paused_by_failures).toMatchObject({ total: 1, items: [{ dag_id: "off", reason: "the last 2 runs failed" }] });
  expect(home.running).toMatchObject([{ dag_id: "hog", total: 2, unfinished: 1, failed: 0 }]);
  expect(home.recent.map(({ dag_id: id, state }) => `${id} ${state}`)).toEqual([
    "bad failed",
    "bad failed",
    "mended success",
    "mended failed",
    "good success",
  ]);
  expect(home.pools).toEqual([{ name: "small", slots: 1, used: 1, waiting: 0 }]);
  expect(home.counts).toMatchObject({ running_runs: 1, queued_tasks: 1, paused_dags: 1 });
  expect(home.components.find(({ id }) => id === "workers")).toMatchObject({ status: "unhealthy" });
  const { bars, span_seconds: seconds, spans } = home.throughput;
  expect(seconds * spans).toBe(3 * 3600);
  expect(bars.reduce((sum, bar) => sum + bar.success, 0)).toBe(2);
  expect(bars.reduce((sum, bar) => sum + bar.failed, 0)).toBe(3);
  expect(bars.reduce((sum, bar) => sum + bar.running, 0)).toBe(1);
  expect(bars.every(({ place }) => place >= 0 && place < spans)).toBe(true);
});

it("shows the whole day when there were runs earlier in it", async () => {
  await ended("good", "success", 20 * 60);
  const { span_seconds: seconds, spans, bars } = (await readHome()).throughput;
  expect(seconds * spans).toBe(24 * 3600);
  expect(bars.reduce((sum, bar) => sum + bar.success, 0)).toBe(3);
});

it("is for those who may read DAGs; who may read some is told of those, and of nothing that is not about them", async () => {
  const read = () => server.call("GET", "/ui/home", { role: "Public" });
  expect((await read()).statusCode).toBe(403);
  const account = { username: "reader", passwordHash: "none", role: "Public" };
  await insertUser(server.database.db, account);
  await transaction(server.database.db, (tx) =>
    putDagGrant(tx, { username: "reader", role: null, dagIdPattern: "mended", dagTag: null, canEdit: false, canDelete: false }),
  );
  const authorization = `Bearer ${server.tokens.issue("access", "reader", 60_000)}`;
  const home = (await server.call("GET", "/ui/home", { role: null, headers: { authorization } })).json<Home>();
  expect(home.recent.map(({ dag_id: id }) => id)).toEqual(["mended", "mended"]);
  expect(home.counts).toMatchObject({ running_runs: 0, queued_tasks: 0, paused_dags: 0, active_dags: 1 });
  for (const kind of ["failing", "late", "stuck", "import_errors", "paused_by_failures"] as const) expect(home[kind].items).toEqual([]);
  expect([home.running, home.pools]).toEqual([[], []]);
  // How many workers there are, and how busy, is about all DAGs.
  expect(home.components.map(({ id }) => id)).toEqual(["scheduler", "dag_processor", "api", "database"]);
});
