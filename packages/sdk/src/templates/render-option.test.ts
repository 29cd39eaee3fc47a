import type { Json } from "@tradewind/core";
import { describe, expect, it } from "vitest";
import { Dag } from "../dag.ts";
import { DAG } from "../definition.ts";
import { operator, renderTemplate, templateContext } from "../operator.ts";
import { runTask } from "../run-task.ts";
import type { TaskRuntime } from "../runtime.ts";
import { withJinja } from "./jinja-scope.ts";

interface World {
  variables?: Record<string, string>;
  xcoms?: Record<string, Json>;
  conf?: Record<string, Json>;
  params?: Record<string, Json>;
  inputs?: Record<string, Json>;
  logicalDate?: string | null;
  native?: boolean;
}

function runtimeOf({ variables = {}, xcoms = {}, conf = {}, params = {}, logicalDate = "2026-03-05T06:30:00.000Z" }: World): TaskRuntime {
  const context = {
    dagId: "sales",
    runId: "scheduled__2026-03-05",
    runType: "scheduled",
    taskId: "load",
    mapIndex: -1,
    tryNumber: 2,
    maxTries: 3,
    attemptId: "a",
    logicalDate,
    dataIntervalStart: logicalDate === null ? null : "2026-03-04T06:30:00.000Z",
    dataIntervalEnd: logicalDate,
    runAfter: "2026-03-05T06:30:00.000Z",
    runStartedAt: null,
    firstStartedAt: "2026-03-05T06:30:01.000Z",
    rescheduleCount: 0,
    conf,
    params,
    dagVersion: 1,
  };
  const unused = () => expect.unreachable("not part of templates");
  return {
    context,
    signal: new AbortController().signal,
    now: () => Date.parse("2026-03-05T07:00:00Z"),
    log: () => {},
    progress: () => {},
    getVariable: async (key: string) => variables[key],
    setVariable: unused,
    deleteVariable: unused,
    getConnection: async (id: string) =>
      id === "warehouse"
        ? {
            connectionId: id,
            connType: "postgres",
            description: null,
            host: "db.example",
            port: 5432,
            login: "me",
            password: "p@ss",
            schema: "dw",
            extra: { sslmode: "on" },
          }
        : undefined,
    getXCom: async ({ taskId, key }: { taskId: string; key: string }) => xcoms[`${taskId}.${key}`],
    setXCom: unused,
    triggerDagRun: unused,
    getDagRunState: unused,
  };
}

/** What an operator of a DAG in YAML sees as its option. */
async function render(option: unknown, world: World = {}): Promise<unknown> {
  const dag = new Dag("sales", { description: "Sales", tags: ["a"] });
  dag[DAG].dialect = { language: "yaml", nativeValues: world.native ?? false };
  let rendered: unknown;
  const handler = async (inputs: Record<string, Json>) => {
    rendered = await renderTemplate(option, templateContext(inputs));
  };
  const scope = { dag: dag[DAG], options: { command: option } };
  dag.add(operator("load", { operator: "bash", handler: withJinja(scope, handler as (inputs: never) => unknown) }) as never);
  await runTask(dag, "load", { inputs: world.inputs ?? {}, runtime: runtimeOf(world), inputMaps: [] });
  return rendered;
}

describe("Airflow's names in a template", () => {
  it.each([
    ["{{ ds }} {{ ds_nodash }}", "2026-03-05 20260305"],
    ["{{ ts }}", "2026-03-05T06:30:00+00:00"],
    ["{{ ts_nodash }} {{ ts_nodash_with_tz }}", "20260305T063000 20260305T063000+0000"],
    ["{{ logical_date }}", "2026-03-05 06:30:00+00:00"],
    ["{{ logical_date.strftime('%d/%m/%y %H:%M %A') }}", "05/03/26 06:30 Thursday"],
    ["{{ data_interval_start | ds }}..{{ data_interval_end | ts }}", "2026-03-04..2026-03-05T06:30:00+00:00"],
    ["{{ logical_date.add(months=-1, days=2).to_date_string() }}", "2026-02-07"],
    ["{{ (logical_date - macros.timedelta(days=1)).isoformat() }}", "2026-03-04T06:30:00+00:00"],
    ["{{ logical_date.in_timezone('Europe/Madrid').format('YYYY-MM-DD HH:mm Z') }}", "2026-03-05 07:30 +01:00"],
    ["{{ (data_interval_end - data_interval_start).total_seconds() }}", "86400"],
    ["{{ logical_date.start_of('month').date() }}", "2026-03-01"],
    ["{{ run_id }} {{ dag_run.run_type }} {{ dag_run.run_id }}", "scheduled__2026-03-05 scheduled scheduled__2026-03-05"],
    ["{{ dag.dag_id }}.{{ task.task_id }} {{ ti.try_number }} {{ task_instance.map_index }}", "sales.load 2 -1"],
    ["{{ task_instance_key_str }}", "sales__load__20260305"],
    ["{{ macros.ds_add(ds, -5) }} {{ macros.ds_format(ds, '%Y-%m-%d', '%m/%Y') }}", "2026-02-28 03/2026"],
    ["{{ macros.datetime(2026, 1, 2).isoformat() }} {{ macros.datetime.now() | ts }}", "2026-01-02T00:00:00+00:00 2026-03-05T07:00:00+00:00"],
    ["{{ macros.uuid.uuid4() | length }}", "36"],
    ["{{ params.table }} {{ params['limit'] + 1 }}", "orders 11"],
    ["{{ dag_run.conf.get('mode', 'full') }} {{ dag_run.conf['region'] }}", "full eu"],
    ["{{ var.value.url }} {{ var.json.config.depth[1] }} {{ var.value.get('none', 'x') }}", "http://x 2 x"],
    ["{{ conn.warehouse.host }}:{{ conn.warehouse.port }} {{ conn.warehouse.extra_dejson.sslmode }}", "db.example:5432 on"],
    ["{{ conn.warehouse.get_uri() }}", "postgres://me:p%40ss@db.example:5432/dw?sslmode=on"],
    ["{{ ti.xcom_pull('extract') }} {{ ti.xcom_pull(task_ids='extract')['rows'] }}", "{'rows': 3, 'names': ['a']} 3"],
    ["{{ ti.xcom_pull(task_ids=['extract', 'none'], key='count') }} {{ ti.xcom_pull('none', default=7) }}", "[9, None] 7"],
    ["{{ inputs.file | upper }}", "A.CSV"],
    ["{{ ti.xcom_pull('extract') | tojson }}", '{"rows":3,"names":["a"]}'],
    ["{{ [1, true, none, 'it\\'s'] }}", `[1, True, None, "it's"]`],
    ["{{ ds[:4] }}/{{ ds[5:7] }} {{ [1, 2, 3][::-1] }} {{ ds[-2:] }}", "2026/03 [3, 2, 1] 05"],
    ["{% for n in range(1, 4) %}{{ n }}{{ ',' if not loop.last }}{% endfor %}", "1,2,3"],
    ["{% set t = params.table %}{% if t == 'orders' and 'or' in t %}{{ t ~ '_' ~ ds_nodash }}{% else %}no{% endif %}", "orders_20260305"],
    ["{% for k, v in params.items() %}{{ k }}={{ v }};{% endfor %}", "table=orders;limit=10;"],
    ["{{ params.missing | default('d') }} {{ missing is defined }} {{ params.table is not none }}", "d False True"],
    [
      "{{ ['b', 'a'] | sort | join('-') }} {{ 'x' | replace('x', 'y') }} {{ 3.7 | round | int }} {{ 7 // 2 }} {{ 2 ** 3 }} {{ -7 % 3 }}",
      "a-b y 4 3 8 2",
    ],
    ["{{ [{'n': 1}, {'n': 2}] | selectattr('n', 'gt', 1) | map(attribute='n') | list }} {{ 'a %s' % 'b' }} {{ 'x={}'.format(1) }}", "[2] a b x=1"],
    ["{# nothing #}{% raw %}{{ ds }}{% endraw %} <b>&", "{{ ds }} <b>&"],
    ["a {%- if true %} b {%- endif %}", "a b"],
  ])("%s", async (template, expected) => {
    const world = {
      params: { table: "orders", limit: 10 },
      conf: { region: "eu" },
      variables: { url: "http://x", config: '{"depth":[1,2]}' },
      xcoms: { "extract.return_value": { rows: 3, names: ["a"] }, "extract.count": 9 },
      inputs: { file: "a.csv" },
    };
    expect(await render(template, world)).toBe(expected);
  });

  it("goes by the time a run was to start, when it has no logical date", async () => {
    expect(await render("{{ ds }} {{ ts }}", { logicalDate: null })).toBe("2026-03-05 2026-03-05T06:30:00+00:00");
    await expect(render("{{ logical_date }}", { logicalDate: null })).rejects.toThrow(/the run has none/);
  });
});

it("renders texts in lists and objects, and leaves everything else as it is", async () => {
  const option = { day: "{{ ds }}", list: ["{{ 1 + 1 }}", 3, null, { deep: "{{ run_id }}" }], plain: "no template" };
  expect(await render(option)).toEqual({ day: "2026-03-05", list: ["2", 3, null, { deep: "scheduled__2026-03-05" }], plain: "no template" });
});

it("gives values for single expressions where the DAG says so (render_template_as_native_obj)", async () => {
  const world = { native: true, xcoms: { "extract.return_value": [1, 2] } };
  expect(await render({ rows: "{{ ti.xcom_pull('extract') }}", text: "n={{ 1 }}", at: "{{ logical_date }}" }, world)).toEqual({
    rows: [1, 2],
    text: "n=1",
    at: "2026-03-05 06:30:00+00:00",
  });
});

describe("a template that cannot be rendered", () => {
  it.each([
    ["{{ dss }}", /option "command" of task "load" in DAG "sales".*"dss" is not known; did you mean "ds"\?.*It is: \{\{ dss \}\}/],
    ["{{ params.tabel }}", /"params\.tabel" is not known; did you mean "params\.table"\?/],
    ["{{ var.value.gone }}", /there is no variable "gone"/],
    ["{{ conn.gone.host }}", /there is no connection "gone"/],
    ["{{ prev_ds }}", /not told of earlier runs/],
    ["{{ ds | nonsense }}", /no filter "nonsense"/],
    ["{{ ds.upperr() }}", /"ds\.upperr" is not known; did you mean "ds\.upper"\?/],
    ["a\nb {{ }}", /in line 2: it is not a template/],
    ["{% include 'x' %}", /"include" is not supported/],
    ["{{ ti }}", /"ti" is an object/],
    ["{{ 1 / 0 }}", /division by zero/],
    ["{% for a in range(100000000) %}{% endfor %}", /range\(\)/],
  ])("%s", async (template, message) => {
    const failed = render(template, { params: { table: "orders" } });
    await expect(failed).rejects.toMatchObject({ code: "invalid_template", message: expect.stringMatching(message) });
  });

  it.each([
    "{{ ds.constructor }}",
    "{{ params.constructor.constructor('return process')() }}",
    "{{ params.__proto__ }}",
    "{{ ti.xcom_pull.constructor }}",
    "{{ range.constructor('return 1')() }}",
    "{{ [].constructor }}",
    "{{ process }}",
    "{{ globalThis }}",
    "{{ macros.json.loads.call }}",
    "{{ dag['__proto__'] }}",
  ])("reaches nothing of the host: %s", async (template) => {
    await expect(render(template)).rejects.toMatchObject({ code: "invalid_template" });
  });
});

it("leaves texts alone in DAGs of Tradewind's own", async () => {
  const dag = new Dag("own");
  let seen: unknown;
  const handler = async (inputs: Record<string, Json>) => void (seen = await renderTemplate("{{ ds }}", templateContext(inputs)));
  dag.add(operator("load", { operator: "bash", handler }) as never);
  await runTask(dag, "load", { inputs: {}, runtime: runtimeOf({}), inputMaps: [] });
  expect(seen).toBe("{{ ds }}");
});
