import { describe, expect, it } from "vitest";
import { dagSpec, groupSpec, taskSpec, tasks } from "../test/dag-spec-factory.ts";
import type { DagSpec, InputSpec, TaskSpec } from "./dag-spec.ts";
import { isTradewindError } from "./errors.ts";
import { findDagSpecProblems, validateDagSpec } from "./validate-dag-spec.ts";

const messages = (spec: unknown): string[] => findDagSpecProblems(spec).map((problem) => problem.message);
const ofDag = (fields: object): string[] => messages({ ...dagSpec(), ...fields });
const ofTask = (fields: object): string[] =>
  messages(dagSpec({ tasks: [...tasks("up"), taskSpec("load", { upstream: ["up"], ...(fields as Partial<TaskSpec>) })] }));

const xcom = (taskId: string): InputSpec => ({ kind: "xcom", taskId, key: "return_value", path: [] });

describe("a valid spec", () => {
  const spec: DagSpec = dagSpec({
    tags: ["a", "b"],
    schedule: { kind: "cron_trigger", crons: ["0 6 * * *"], timezone: "Europe/Madrid", intervalMs: 0, runImmediately: null },
    startDate: "2026-01-01T00:00:00.000Z",
    endDate: "2026-01-01T00:00:00.000Z",
    params: { region: { schema: { type: "string" }, default: "north", description: null }, year: { schema: {}, description: "the year" } },
    groups: [groupSpec("g"), groupSpec("g.h", "g")],
    tasks: [
      taskSpec("up"),
      taskSpec("g.h.load", {
        upstream: ["up"],
        groupId: "g.h",
        inputs: { currency: { kind: "value", value: "EUR" }, all: { kind: "object", entries: { a: { kind: "list", items: [xcom("up")] } } } },
        mapping: { kind: "expand", order: ["store", "day"], inputs: { store: xcom("up"), day: { kind: "value", value: [1, 2] } } },
      }),
    ],
  });

  it("is given back", () => {
    expect(validateDagSpec(spec)).toBe(spec);
  });

  it("survives JSON", () => {
    expect(messages(JSON.parse(JSON.stringify(spec)))).toEqual([]);
  });
});

describe("shape", () => {
  it("must be an object", () => {
    expect(messages(null)).toEqual(["DAG: must be an object; found null."]);
    expect(messages([])).toEqual(["DAG: must be an object; found []."]);
  });

  it("tells what it found also when that is no JSON", () => {
    const loop: unknown[] = [];
    loop.push(loop);
    expect(ofDag({ owner: loop })).toEqual(["DAG: owner must be a string of 1 to 1000 characters; found something that is not JSON."]);
    expect(ofDag({ owner: () => 1 })).toEqual(["DAG: owner must be a string of 1 to 1000 characters; found a function."]);
    expect(ofDag({ maxActiveRuns: Number.NaN })).toEqual([expect.stringContaining("found NaN.")]);
  });

  it("names every missing field of an empty one", () => {
    const found = messages({});
    for (const field of Object.keys(dagSpec())) expect(found.some((message) => message.startsWith(`DAG: ${field} `))).toBe(true);
  });

  it("names every missing field of a task", () => {
    const found = messages(dagSpec({ tasks: [{} as TaskSpec] }));
    for (const field of Object.keys(taskSpec("x"))) expect(found.some((message) => message.startsWith(`Task number 0: ${field} `))).toBe(true);
  });

  it.each<[object, string]>([
    [{ dagId: "" }, 'DAG: dagId "" is not an id: it is empty.'],
    [{ dagId: "a b" }, 'DAG: dagId "a b" is not an id: it has " "; only letters, digits, dashes, dots and underscores are allowed.'],
    [{ dagId: ".." }, 'DAG: dagId ".." is not an id: it is a path of dots, which no URL can name.'],
    [{ dagId: "x".repeat(251) }, "it has 251 characters, more than 250."],
    [{ specVersion: 1 }, "DAG: specVersion must be 2; found 1."],
    [{ maxActiveRuns: 0 }, "DAG: maxActiveRuns must be a whole number, 1 to 2147483647; found 0."],
    [{ catchup: "yes" }, 'DAG: catchup must be true or false; found "yes".'],
    [{ startDate: "2026-01-01" }, 'DAG: startDate must be an instant like "2026-01-01T00:00:00.000Z"; found "2026-01-01".'],
    [{ startDate: "2026-02-31T00:00:00.000Z" }, "DAG: startDate must be an instant"],
    [{ startDate: "2026-01-02T00:00:00.000Z", endDate: "2026-01-01T00:00:00.000Z" }, "DAG: endDate 2026-01-01T00:00:00.000Z is before startDate"],
    [{ tags: ["a", "a"] }, 'DAG: tags has "a" twice.'],
    [{ tags: ["x".repeat(101)] }, "DAG: tags must be a string of 1 to 100 characters"],
    [{ doc: "a\u0000b" }, "DAG: doc must be a string without NUL characters"],
    [{ extra: 1 }, "DAG: extra is not a known field."],
    [
      { params: { year: { schema: {}, description: null } }, paramOrder: ["year", "year"] },
      'DAG: paramOrder must name each param once; found ["year","year"].',
    ],
    [{ params: { year: { schema: {}, description: null } }, paramOrder: ["month"] }, 'DAG: paramOrder must name each param once; found ["month"].'],
    [{ params: { year: { schema: [], description: null } } }, "DAG: params.year.schema must be a JSON schema (an object); found []."],
    [{ params: { year: { schema: {}, default: new Date(0), description: null } } }, "DAG: params.year.default must be JSON: (root) is a Date"],
    [{ schedule: "0 6 * * *" }, "DAG: schedule must be a timetable (an object with a kind)."],
    [{ schedule: { kind: "continuous" } }, "DAG: maxActiveRuns must be 1, because the schedule is continuous; found 16."],
    [{ schedule: { kind: "hourly" } }, "DAG: schedule.kind must be one of none, once, continuous,"],
    [{ schedule: { kind: "delta_trigger", everyMs: 0, intervalMs: 0 } }, "DAG: schedule.everyMs must be a whole number, 1 or more; found 0."],
    [{ schedule: { kind: "cron_trigger", crons: [], timezone: "UTC", intervalMs: 0, runImmediately: null } }, "DAG: schedule.crons is empty"],
    [
      { schedule: { kind: "cron_trigger", crons: [5], timezone: "UTC", intervalMs: 0, runImmediately: null } },
      "DAG: schedule.crons[0] must be a string",
    ],
    [{ schedule: { kind: "cron_data_interval", cron: "0 25 * * *", timezone: "UTC", runImmediately: null } }, "DAG: schedule cannot work: "],
    [{ schedule: { kind: "cron_data_interval", cron: "0 5 * * *", timezone: "Mars/Base", runImmediately: null } }, "DAG: schedule cannot work: "],
    [
      { schedule: { kind: "events", events: ["2026-01-02T00:00:00.000Z", "2026-01-01T00:00:00.000Z"], restrictToEvents: false, description: null } },
      "DAG: schedule.events must be sorted.",
    ],
  ])("of a DAG: %o", (fields, message) => {
    expect(ofDag(fields)).toEqual([expect.stringContaining(message)]);
  });

  it.each<[object, string]>([
    [{ retries: -1 }, 'Task "load": retries must be a whole number, 0 to 2147483647; found -1.'],
    [{ retryDelayMs: 1.5 }, 'Task "load": retryDelayMs must be a whole number, 0 or more; found 1.5.'],
    [{ poolSlots: 0 }, 'Task "load": poolSlots must be a whole number, 1 to 2147483647; found 0.'],
    [{ priorityWeight: 2 ** 31 }, 'Task "load": priorityWeight must be a whole number, -2147483648 to 2147483647; found 2147483648.'],
    [{ triggerRule: "all_good" }, 'Task "load": triggerRule must be one of all_success, all_failed,'],
    [{ executionTimeoutMs: 0 }, 'Task "load": executionTimeoutMs must be a whole number, 1 or more; found 0.'],
    [{ pool: "" }, 'Task "load": pool must be a string of 1 to 256 characters; found "".'],
    [{ retires: 1 }, 'Task "load": retires is not a known field.'],
    [{ groupId: "g" }, 'Task "load": groupId "g" is not a group of this DAG.'],
    [{ upstream: "up" }, 'Task "load": upstream must be a list; found "up".'],
    [{ upstream: ["upp"] }, 'Task "load": upstream "upp" is not a task of this DAG; did you mean "up"?'],
    [{ upstream: ["up", "up"] }, 'Task "load": upstream has "up" twice.'],
    [{ inputs: { a: { kind: "file" } } }, 'Task "load": inputs.a.kind must be one of value, xcom, list, object, zip, concat, map,'],
    [{ inputs: { a: { kind: "value", value: undefined } } }, 'Task "load": inputs.a.value must be JSON: (root) is undefined'],
    [
      { inputs: { a: { kind: "list", items: [xcom("other")] } } },
      'Task "load": inputs.a.items[0].taskId "other" must be a direct upstream of the task',
    ],
    [{ mapping: { kind: "expand", order: [], inputs: {} } }, 'Task "load": mapping.inputs is empty; expand needs at least one input to map over.'],
    [
      { mapping: { kind: "expand", order: ["a"], inputs: { a: { kind: "value", value: 3 } } } },
      'Task "load": mapping.inputs.a must be a list or an object to map over; found 3.',
    ],
    [
      { mapping: { kind: "expand", order: ["b"], inputs: { a: xcom("up") } } },
      'Task "load": mapping.order must have the names of the inputs, each once: a.',
    ],
    [
      { inputs: { a: xcom("up") }, mapping: { kind: "expand", order: ["a"], inputs: { a: xcom("up") } } },
      'Task "load": mapping.inputs.a is among the inputs that are the same for every instance too.',
    ],
  ])("of a task: %o", (fields, message) => {
    expect(ofTask(fields)).toEqual([expect.stringContaining(message)]);
  });

  it("refuses inputs nested without end", () => {
    let input: InputSpec = { kind: "value", value: 1 };
    for (let depth = 0; depth < 200; depth++) input = { kind: "list", items: [input] };
    expect(ofTask({ inputs: { a: input } })).toEqual([expect.stringContaining("is nested more than 100 levels deep")]);
  });
});

describe("graph", () => {
  it("names a cycle by its path", () => {
    expect(messages(dagSpec({ tasks: tasks("start", "a < start, c", "b < a", "c < b", "end < c") }))).toEqual([
      'DAG: tasks form a cycle: "a" → "b" → "c" → "a".',
    ]);
  });

  it("finds every one of several cycles", () => {
    expect(messages(dagSpec({ tasks: tasks("a < b", "b < a", "c < b, d", "d < c", "e < e") }))).toEqual([
      'DAG: tasks form a cycle: "a" → "b" → "a".',
      'DAG: tasks form a cycle: "c" → "d" → "c".',
      'DAG: tasks has a task that is its own upstream: "e" → "e".',
    ]);
  });

  it("finds duplicate ids", () => {
    expect(messages(dagSpec({ groups: [groupSpec("g"), groupSpec("g")], tasks: tasks("a", "b", "a", "g") }))).toEqual([
      'Group "g": groupId is the id of an earlier group too.',
      'Task "a": taskId is the id of task 0 of the list too.',
      'Task "g": taskId is the id of a group too.',
    ]);
  });

  it("finds unknown parents and groups inside themselves", () => {
    expect(messages(dagSpec({ groups: [groupSpec("a", "b"), groupSpec("b", "a"), groupSpec("c", "d")] }))).toEqual([
      'Group "a": parentId "b" is inside this group itself.',
      'Group "b": parentId "a" is inside this group itself.',
      expect.stringContaining('Group "c": parentId "d" is not a group of this DAG'),
    ]);
  });

  it("quotes: fail_fast requires all_success rules", () => {
    const list = [taskSpec("a", { triggerRule: "all_done" }), taskSpec("b")];
    expect(messages(dagSpec({ failFast: true, tasks: list }))).toEqual([
      'Task "a": triggerRule must be all_success, because the DAG has failFast; found "all_done".',
    ]);
  });
});

describe("validateDagSpec", () => {
  it("throws one error that lists all problems", () => {
    try {
      validateDagSpec(dagSpec({ catchup: 1 as never, tasks: [taskSpec("load", { retries: -1 }), taskSpec("x y")] }));
      expect.unreachable();
    } catch (error) {
      if (!isTradewindError(error)) throw error;
      expect(error.code).toBe("invalid_dag_spec");
      expect(error.message).toContain('The spec of DAG "sales" is not valid, 3 problems:\n  - DAG: catchup');
      expect(error.details.problems).toMatchObject([{ path: "catchup" }, { path: "tasks[0].retries" }, { path: "tasks[1].taskId" }]);
    }
  });

  it("shows fifty, and keeps the rest in the details", () => {
    const list = Array.from({ length: 60 }, (_, i) => taskSpec(`t${i}`, { retries: -1 }));
    expect(() => validateDagSpec(dagSpec({ tasks: list }))).toThrow("… and 10 more");
  });
});
