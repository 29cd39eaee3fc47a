import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Json } from "@tradewind/core";
import { validateDagSpec } from "@tradewind/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { runTaskCallbacks } from "../callbacks.ts";
import { DAG } from "../definition.ts";
import * as operators from "../operators/index.ts";
import { runTask } from "../run-task.ts";
import type { TaskRuntime } from "../runtime.ts";
import * as sensors from "../sensors/index.ts";
import { toSpec } from "../to-spec.ts";
import { KINDS } from "./dag-schema.ts";
import { dagJsonSchema, dagsOfYaml } from "./index.ts";

function runtime(taskId: string, mapIndex = -1): TaskRuntime {
  const at = "2026-03-05T06:30:00.000Z";
  const context = {
    dagId: "y",
    runId: "r1",
    runType: "scheduled",
    taskId,
    mapIndex,
    tryNumber: 1,
    maxTries: 1,
    attemptId: "a",
    logicalDate: at,
    dataIntervalStart: at,
    dataIntervalEnd: at,
    runAfter: at,
    runStartedAt: at,
    firstStartedAt: at,
    rescheduleCount: 0,
    conf: {},
    params: { mode: "full" },
    dagVersion: 1,
  };
  const noted: unknown[] = [];
  return {
    context,
    signal: new AbortController().signal,
    log: (entry: unknown) => noted.push(entry),
    progress() {},
    setXCom: async () => {},
  } as unknown as TaskRuntime;
}

const yaml = (tasks: string, head = "") => dagsOfYaml(`dagId: y\n${head}tasks:\n${tasks}`)[0]!;
const run = (dag: ReturnType<typeof yaml>, taskId: string, inputs: Record<string, Json> = {}) =>
  runTask(dag, taskId, { inputs, inputMaps: [], runtime: runtime(taskId) });

it("knows every operator and sensor that there is", () => {
  const made = (module: object) => Object.entries(module).filter(([name, value]) => typeof value === "function" && /^[a-z]/.test(name));
  const others = ["registerSqlDriver", "makeSensor", "sensor"];
  const names = [...made(operators), ...made(sensors)].map(([name]) => name).filter((name) => !others.includes(name));
  expect(names.filter((name) => !KINDS.has(name))).toEqual([]);
});

it("publishes the JSON schema by which files are checked (run `node packages/sdk/src/write-yaml-schema.ts` when it has changed)", async () => {
  const path = join(import.meta.dirname, "../../../../docs/schemas/dag.schema.json");
  expect(JSON.parse(await readFile(path, "utf8"))).toEqual(JSON.parse(JSON.stringify(dagJsonSchema())));
});

describe("options that are functions in TypeScript are templates", () => {
  it("decides by values, and not by texts", async () => {
    const dag = yaml(`
  gate: { operator: shortCircuit, condition: "{{ params.mode == 'full' }}" }
  closed: { operator: shortCircuit, condition: "{{ [] }}", after: gate }
  value: { operator: value, value: { n: "{{ 1 + 1 }}", text: "n={{ 2 }}", mode: "{{ params.mode }}" }, after: gate }
  pick:
    operator: switch
    value: "{{ params.mode }}"
    cases: { full: all, delta: some }
    default: some
  all: { operator: empty }
  some: { operator: empty }
`);
    validateDagSpec(toSpec(dag));
    expect(await run(dag, "gate")).toMatchObject({ result: "true" });
    expect(await run(dag, "closed")).toMatchObject({ result: "false" });
    expect(await run(dag, "value")).toMatchObject({ result: '{"n":2,"text":"n=2","mode":"full"}' });
    expect(await run(dag, "pick")).toMatchObject({ result: '["all"]' });
  });

  it("skips, labels mapped instances, and ends loops", async () => {
    const dag = dagsOfYaml(`
dagId: y
tasks:
  one:
    operator: value
    value: "{{ inputs.file }}"
    expand: { file: [a, b] }
    mapIndexTemplate: "{{ inputs.file }} gave {{ result }}"
    skipIf: "{{ inputs.file == 'b' }}"
groups:
  again:
    loop: { maxIterations: 3, result: step, until: "{{ result >= 2 }}" }
    tasks:
      step: { operator: value, value: "{{ inputs.n }}", inputs: { n: "{{ loop.index }}" } }
`)[0]!;
    validateDagSpec(toSpec(dag));
    const { options } = dag[DAG].tasks.get("one")!;
    const scoped = { ...(await contextFor("one")), inputs: { file: "b" }, result: "x" } as never;
    expect(await inTask("one", async () => [await options.skipIf!(scoped), await options.mapIndexTemplate!(scoped)])).toEqual([true, "b gave x"]);
    expect(await run(dag, "again.loop_gate", { result: 1 })).toMatchObject({ result: "false" });
    expect(await run(dag, "again.loop_gate", { result: 2 })).toMatchObject({ result: "true" });
  });

  it("tells notifiers, with what happened among the names", async () => {
    const bodies: string[] = [];
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => (bodies.push(body), response.end("ok")));
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const dag = yaml(
      `  load:
    operator: empty
    onFailure:
      - { notifier: slack, url: "${url}", text: "{{ task.task_id }} on {{ ds }}: {{ exception }}" }
      - { notifier: webhook, url: "${url}", body: { summary: "{{ summary }}", event: "{{ event }}" } }
`,
      `onFailure: { notifier: webhook, url: "${url}" }\n`,
    );
    expect(toSpec(dag)).toMatchObject({ callbacks: ["failure"], tasks: [{ callbacks: ["failure"] }] });
    const report = await runTaskCallbacks(dag, "load", "failure", runtime("load"), { error: { message: "no luck" } });
    expect(report).toEqual({ called: 2, failures: [] });
    expect(bodies.map((body) => JSON.parse(body) as unknown)).toEqual([
      { text: "load on 2026-03-05: no luck" },
      { summary: expect.stringMatching(/^Task "load" of DAG "y" failed/), event: "failure" },
    ]);
  });
});

async function inTask<T>(taskId: string, body: () => Promise<T>): Promise<T> {
  const { withTaskScope } = await import("../runtime.ts");
  const dag = { dagId: "y", description: null, tags: [], owner: "tradewind", version: 1 };
  return withTaskScope({ runtime: runtime(taskId), dag, operator: "value" }, body);
}

async function contextFor(taskId: string): Promise<object> {
  const { getContext } = await import("../context.ts");
  return inTask(taskId, async () => getContext());
}
