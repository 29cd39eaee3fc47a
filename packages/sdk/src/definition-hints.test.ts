import { describe, expect, it } from "vitest";
import { z } from "zod";
import { Dag } from "./index.ts";
import type { ParamDefinitions } from "./params.ts";
import { toSpec } from "./to-spec.ts";

const noop = () => undefined;

describe("mistakes in options", () => {
  it("of a DAG and of a task name what was meant", () => {
    expect(() => toSpec(new Dag("d", { schedul: "@daily" } as object))).toThrow(
      'is not an option of a DAG; did you mean "schedule"? Known are schedule,',
    );
    const typo = new Dag("d");
    typo.task("t", noop, { retrys: 3 } as object)();
    expect(() => toSpec(typo)).toThrow('is not an option of a task; did you mean "retries"? Known are displayName,');
    const rule = new Dag("d");
    rule.task("t", noop, { triggerRule: "all_sucess" } as object)();
    expect(() => toSpec(rule)).toThrow('did you mean "all_success"?');
  });
});

describe("params of a DAG with a schedule", () => {
  const specOf = (params: ParamDefinitions, schedule: string | null) => toSpec(new Dag("d", { params, schedule }));

  it("all have defaults that fit: nobody is there to give another value (Airflow's rule)", () => {
    const required = { n: { type: "integer" } } as const;
    expect(() => specOf(required, "@daily")).toThrow('Param "n" of DAG "d" has no default, and the DAG has a schedule');
    expect(() => specOf({ n: { type: "integer", default: "x" } }, "@daily")).toThrow(
      'has the default "x", which does not fit its schema: it must be integer',
    );
    expect(() => specOf({ n: z.number().min(3).default(1) }, "@daily")).toThrow("must be >= 3");
    expect(Object.keys(specOf({ n: 3, list: [1], s: { type: "string", format: "date", default: "2026-01-01" } }, "@daily").params)).toHaveLength(3);
  });

  it("may be without, where runs are started by hand", () => {
    expect(specOf({ n: { type: "integer" } }, null).params["n"]).toEqual({ schema: { type: "integer" }, description: null });
  });
});
