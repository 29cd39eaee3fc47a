import { insertUser, putDagGrant } from "@tradewind/metadata/rest";
import { transaction } from "@tradewind/metadata";
import { run, seedDag, seedDagRun, seedTaskInstance } from "@tradewind/metadata/testing";
import { beforeAll, describe, expect, it } from "vitest";
import { grantNeeded } from "../src/auth/permissions.ts";
import { isAllowed, type KnownRoute, type Permission, type Role, ROLES } from "../src/index.ts";
import { dagSpec, taskSpec } from "./specs.ts";
import { useTestServer } from "./test-server.ts";

const server = useTestServer();

/** The DAG that the granted users may see, and one that they may not, all of whose names begin with "hidden". */
const SEEN = { dagId: "sales", runId: "r1", taskId: "load" };
const HIDDEN = { dagId: "hidden_dag", runId: "hidden_run", taskId: "hidden_task" };

beforeAll(async () => {
  const { db } = server.database;
  for (const { dagId, runId, taskId } of [SEEN, HIDDEN]) {
    const tags = [`${dagId}_tag`];
    await seedDag(db, { spec: dagSpec(dagId, { tasks: [taskSpec(taskId)], tags }) });
    const dagRunId = await seedDagRun(db, { dagId, runId });
    const taskInstanceId = await seedTaskInstance(db, { dagRunId, taskId, state: "success", tryNumber: 1 });
    await run(db, {
      text: "insert into xcom (dag_run_id, task_id, map_index, key, value, task_instance_id) values ($1, $2, -1, $3, '1', $4)",
      values: [dagRunId, taskId, `${taskId}_key`, taskInstanceId],
    });
    await run(db, {
      text: "insert into dag_warning (dag_id, warning_type, message, timestamp) values ($1, 'runtime varying value', $1, now())",
      values: [dagId],
    });
  }
  await insertUser(db, { username: "reader", passwordHash: "none", role: "Public" });
  await insertUser(db, { username: "editor", passwordHash: "none", role: "Public" });
  await transaction(db, async (tx) => {
    const grant = { role: null, dagTag: null, canDelete: false };
    await putDagGrant(tx, { ...grant, username: "reader", dagIdPattern: "sal*", canEdit: false });
    await putDagGrant(tx, { ...grant, username: "editor", dagIdPattern: "sales", canEdit: true });
  });
});

/** All routes for people, and none can escape: those of the execution API have tokens of their own, and files hold no data. */
function routesForPeople(): KnownRoute[] {
  const isFile = (url: string): boolean => url.startsWith("/assets/") || url === "/tradewind.svg";
  return server.routes.filter(({ url }) => !url.startsWith("/execution/") && !isFile(url));
}

const isPermission = (access: KnownRoute["access"]): access is Permission =>
  access !== undefined && access !== "public" && access !== "user" && access !== "anyone";

/** An address of the route, about one DAG where it is about DAGs. */
function addressOf({ url }: KnownRoute, of: { dagId: string; runId: string; taskId: string }): string {
  const values: Record<string, string> = {
    dag_id: of.dagId,
    dag_run_id: of.runId,
    task_id: of.taskId,
    xcom_key: `${of.taskId}_key`,
    map_index: "-1",
    token_id: "00000000-0000-4000-8000-000000000000",
  };
  return url.replaceAll(/:(\w+)|\*/g, (_match, name: string | undefined) => values[name ?? ""] ?? "987654321");
}

const statusOf = async (user: string | null, { method }: KnownRoute, url: string): Promise<number> => (await callAs(user, method, url)).statusCode;

/** Not refused for want of a permission. What a route refuses to everybody, as a configuration that is not shown, is not about who asks. */
async function isLetIn(user: string, { method }: KnownRoute, url: string): Promise<boolean> {
  const answer = await callAs(user, method, url);
  if (answer.statusCode === 401) return false;
  return answer.statusCode !== 403 || answer.json<{ details?: { permission?: string } }>().details?.permission === undefined;
}

function callAs(user: string | null, method: string, url: string, query?: Record<string, string>, body: unknown = {}) {
  const headers: Record<string, string> = user === null ? {} : { authorization: `Bearer ${server.tokens.issue("access", user, 60_000)}` };
  return server.call(method as "GET", url, { role: null, headers, ...(method === "GET" ? {} : { body }), ...(query === undefined ? {} : { query }) });
}

/** Not called as somebody who may: they stream without an end, or end the log-in of the one who asks. */
const isEndless = ({ url, method }: KnownRoute): boolean => url === "/ui/live" || (method === "DELETE" && url === "/auth/sessions");

describe("every route", () => {
  it("says who may use it", () => {
    expect(routesForPeople().length).toBeGreaterThan(90);
    expect(routesForPeople().filter(({ access }) => access === undefined)).toEqual([]);
  });

  it("is for nobody who has not said who they are, but those that are for anybody", async () => {
    const open = routesForPeople().filter(({ access }) => access === "public");
    const known = [
      "GET /",
      "GET /api/v2/auth/login",
      "GET /api/v2/auth/logout",
      "GET /api/v2/monitor/health",
      "GET /api/v2/version",
      "GET /docs",
      "GET /openapi.json",
      "POST /auth/login",
      "POST /auth/logout",
      "POST /auth/token",
      "POST /auth/token/cli",
    ];
    expect(open.map(({ method, url }) => `${method} ${url}`).filter((name) => !known.includes(name))).toEqual([]);
    for (const route of routesForPeople().filter(({ access }) => access !== "public")) {
      expect({ route, status: await statusOf(null, route, addressOf(route, SEEN)) }).toEqual({ route, status: 401 });
    }
  });

  it.each(ROLES)("lets %s do what the role may, and nothing else", async (role: Role) => {
    for (const route of routesForPeople().filter((one) => one.access !== "public" && !isEndless(one))) {
      // Of a DAG that there is not: nobody is to do anything.
      const was = await isLetIn(role.toLowerCase(), route, addressOf(route, { dagId: "none", runId: "none", taskId: "none" }));
      expect({ role, route, isLetIn: was }).toEqual({ role, route, isLetIn: !isPermission(route.access) || isAllowed(role, route.access) });
    }
  });
});

describe.each([
  ["reader", ["read"]],
  ["editor", ["read", "edit"]],
])("one with a grant to be a %s of one DAG", (user, actions) => {
  const mayBy = (route: KnownRoute): boolean => isPermission(route.access) && actions.includes(grantNeeded(route.access) ?? "");
  const ofDags = (): KnownRoute[] => routesForPeople().filter(({ access, url }) => isPermission(access) && url.includes(":dag_id"));

  it("reaches it and no other, by every route that names a DAG, whether or not there is one", async () => {
    for (const route of ofDags()) {
      for (const dagId of ["hidden_dag", "there_is_none"]) {
        expect({ route, dagId, status: await statusOf(user, route, addressOf(route, { ...HIDDEN, dagId })) }).toEqual({ route, dagId, status: 403 });
      }
      expect({ route, isLetIn: await isLetIn(user, route, addressOf(route, { ...SEEN, runId: "none", taskId: "none" })) }).toEqual({
        route,
        isLetIn: mayBy(route),
      });
    }
  });

  it("does not reach what is not about DAGs", async () => {
    const routes = routesForPeople().filter(({ access }) => isPermission(access) && grantNeeded(access) === undefined);
    expect(routes.length).toBeGreaterThan(20);
    for (const route of routes) expect({ route, status: await statusOf(user, route, addressOf(route, SEEN)) }).toEqual({ route, status: 403 });
  });

  it("sees nothing of another DAG in any list, however it is asked for", async () => {
    const askings: (Record<string, string> | undefined)[] = [
      undefined,
      { dag_id: "hidden_dag" },
      { dag_ids: "hidden_dag" },
      { dag_id_pattern: "%hidden%" },
    ];
    const told = new Map<string, string[]>();
    for (const route of routesForPeople().filter((one) => mayBy(one) && isReading(one))) {
      const url = addressOf(route, { dagId: "~", runId: "~", taskId: "~" });
      for (const query of askings) {
        const answer = await callAs(user, route.method, url, query);
        // A message may repeat what was asked for; what is there must not be told.
        if (answer.statusCode >= 400) continue;
        expect({ url, query, body: answer.body }).toEqual({ url, query, body: expect.not.stringContaining("hidden") });
        told.set(`${route.method} ${route.url}`, [...(told.get(`${route.method} ${route.url}`) ?? []), answer.body]);
      }
      if (route.method === "POST") {
        const body = { dag_ids: ["hidden_dag"] };
        const answer = await callAs(user, "POST", url, undefined, body);
        expect({ url, status: answer.statusCode, total: answer.json<{ total_entries: number }>().total_entries }).toEqual({
          url,
          status: 200,
          total: 0,
        });
      }
    }
    const seen = [...told].filter(([, bodies]) => bodies.some((body) => body.includes("sales"))).map(([route]) => route);
    expect(seen).toEqual(
      expect.arrayContaining([
        "GET /api/v2/dags",
        "GET /api/v2/dags/:dag_id/dagRuns",
        "POST /api/v2/dags/:dag_id/dagRuns/list",
        "GET /api/v2/dags/:dag_id/dagRuns/:dag_run_id/taskInstances",
        "POST /api/v2/dags/:dag_id/dagRuns/:dag_run_id/taskInstances/list",
        "GET /api/v2/dags/:dag_id/dagRuns/:dag_run_id/taskInstances/:task_id/xcomEntries",
        "GET /api/v2/dags/:dag_id/dagVersions",
        "GET /api/v2/dagTags",
        "GET /api/v2/dagStats",
        "GET /api/v2/dagWarnings",
      ]),
    );
  });
});

/** It changes nothing, whatever its method. */
function isReading({ url, method }: KnownRoute): boolean {
  return method === "GET" || (method === "POST" && url.endsWith("/list"));
}

/** Names of another DAG, or of none: whoever may see neither is told the same of both. */
const NOWHERE = { dagId: "absent_dag", runId: "absent_run", taskId: "absent_task" };

/** Bodies that name what they are about beside the path, as each route takes them. */
function bodiesAbout({ dagId, runId, taskId }: typeof HIDDEN): object[] {
  const ofRun = { dag_id: dagId, dag_run_id: runId };
  return [
    {},
    { actions: [{ action: "update", entities: [{ ...ofRun, note: "x" }] }] },
    { actions: [{ action: "delete", entities: [ofRun] }] },
    { actions: [{ action: "update", entities: [{ ...ofRun, task_id: taskId, note: "x" }] }] },
    { actions: [{ action: "delete", entities: [{ ...ofRun, task_id: taskId }] }] },
    { actions: [{ action: "update", action_on_non_existence: "skip", entities: [{ ...ofRun, note: "x" }] }] },
    { dag_runs: [ofRun] },
    { dag_ids: [dagId] },
    { dag_ids: [dagId], dag_run_ids: [runId], task_ids: [taskId] },
    { dag_run_id: runId, task_ids: [taskId] },
    { is_paused: true },
    { note: "x" },
    { new_state: "failed" },
    { state: "failed" },
    { key: "k", value: 1 },
  ];
}

describe.each(["reader", "editor"])("a %s of one DAG", (user) => {
  it("cannot tell a hidden DAG, run or task from one that is not there, by any route", async () => {
    // The first page names nothing, and says how fast the database is.
    const isAboutDags = ({ access, url }: KnownRoute): boolean => isPermission(access) && grantNeeded(access) !== undefined && url !== "/ui/home";
    const routes = routesForPeople().filter(isAboutDags);
    expect(routes.length).toBeGreaterThan(60);
    for (const route of routes) {
      // One's own favorites change with the first of two calls.
      const isOwn = route.url.endsWith("favorite");
      for (const inPath of !route.url.includes(":dag_id") ? [null] : isOwn ? [null, "~"] : [null, "~", SEEN.dagId]) {
        const [ofHidden, ofNone] = [await toldOf(route, inPath, HIDDEN), await toldOf(route, inPath, NOWHERE)];
        expect({ route, inPath, told: ofHidden }).toEqual({ route, inPath, told: ofNone });
      }
    }
  });

  async function toldOf(route: KnownRoute, inPath: string | null, of: typeof HIDDEN): Promise<object[]> {
    const url = addressOf(route, { ...of, dagId: inPath ?? of.dagId });
    const query = { dag_id: of.dagId, dag_ids: of.dagId, run_id: of.runId, interval: "1" };
    const isGet = route.method === "GET";
    const told = [];
    for (const body of isGet ? [undefined] : bodiesAbout(of)) {
      const answer = await callAs(user, route.method, url, isGet ? query : undefined, body);
      told.push({ body, status: answer.statusCode, text: answer.body.replace(/"request_id":"[^"]*"/, "") });
    }
    return JSON.parse(JSON.stringify(told).replaceAll(/\b(?:hidden|absent)_/g, "")) as object[];
  }
});

describe("the source of a file with several DAGs", () => {
  const SOURCES = ["/api/v2/dagSources/both_seen", "/ui/versions/both_seen/1"];

  beforeAll(async () => {
    const { db } = server.database;
    const source = "// both_seen and what nobody else is to read\n";
    for (const dagId of ["both_seen", "both_other"])
      await seedDag(db, { spec: dagSpec(dagId, { tasks: [taskSpec("t")] }), relativePath: "both.ts", source });
    await transaction(db, async (tx) => {
      for (const [username, dagIdPattern] of [
        ["reader", "both_seen"],
        ["editor", "both_*"],
      ] as const) {
        await putDagGrant(tx, { username, dagIdPattern, role: null, dagTag: null, canEdit: false, canDelete: false });
      }
    });
    // Grants are remembered for some seconds; any new one is known at once.
    await server.call("POST", "/api/v2/dagGrants", { body: { username: "editor", dag_id: "both_*", actions: ["read"] } });
  });

  it.each(SOURCES)("is shown by %s to who may read all of them", async (url) => {
    const refused = await callAs("reader", "GET", url);
    expect([refused.statusCode, refused.body]).toEqual([403, expect.not.stringMatching(/both_other|nobody else/)]);
    for (const user of ["editor", "viewer"]) {
      const shown = await callAs(user, "GET", url);
      expect([shown.statusCode, shown.body]).toEqual([200, expect.stringContaining("nobody else")]);
    }
  });

  it("of one DAG alone is shown to who may read that", async () => {
    expect((await callAs("reader", "GET", "/api/v2/dagSources/sales")).statusCode).toBe(200);
  });
});

describe("changes of many", () => {
  const entities = [SEEN, HIDDEN].map(({ dagId }) => ({ dag_id: dagId, dag_run_id: "none", note: "x" }));

  it("are done for the DAGs that one may edit, and refused for each other", async () => {
    const body = { actions: [{ action: "update", entities }] };
    const answer = await callAs("editor", "PATCH", "/api/v2/dags/~/dagRuns", undefined, body);
    expect(answer.json<{ update: { errors: { status_code: number }[] } }>().update.errors.map((error) => error.status_code)).toEqual([404, 403]);
    const tasks = { actions: [{ action: "update", entities: entities.map((entity) => ({ ...entity, task_id: "load" })) }] };
    const ofTasks = await callAs("editor", "PATCH", "/api/v2/dags/~/dagRuns/~/taskInstances", undefined, tasks);
    expect(ofTasks.json<{ update: { errors: { status_code: number }[] } }>().update.errors.map((error) => error.status_code)).toEqual([404, 403]);
  });

  it("by a filter leave out what one may not edit", async () => {
    const answer = await callAs("editor", "PATCH", "/api/v2/dags", { dag_id_pattern: "%hidden%" }, { is_paused: true });
    expect([answer.statusCode, answer.json<{ total_entries: number }>().total_entries]).toEqual([200, 0]);
  });
});
