import { describe, expect, it } from "vitest";
import type { Json, ParamSpec } from "./dag-spec.ts";
import { paramsInOrder, resolveParams, type SchemaValidator } from "./params.ts";

const validate: SchemaValidator = (schema, value) =>
  schema.type === undefined || schema.type === typeof value ? [] : [`must be a ${JSON.stringify(schema.type)}`];

const params: Record<string, ParamSpec> = {
  region: { schema: { type: "string" }, default: "north", description: null },
  year: { schema: { type: "number" }, description: null },
};

const resolve = (conf: Json, confOverridesParams?: boolean) => resolveParams({ dagId: "sales", params, conf, confOverridesParams, validate });

describe("resolveParams", () => {
  it("puts conf over the defaults, and keeps what else conf has", () => {
    expect(resolve({ year: 2026 })).toEqual({ region: "north", year: 2026 });
    expect(resolve({ year: 2026, region: "south", note: [1] })).toEqual({ region: "south", year: 2026, note: [1] });
  });

  it("lists everything that is missing or does not fit", () => {
    expect(() => resolve({ region: 3 })).toThrow(
      'The params for a run of DAG "sales" are not acceptable: "region" must be a "string"; "year" has no default and must be given.',
    );
    expect(() => resolve(null)).toThrow('"year" has no default');
  });

  it("dag_run_conf_overrides_params off: conf changes no param", () => {
    expect(() => resolve({ year: 2026 }, false)).toThrow('"year" has no default');
    expect(
      resolveParams({ dagId: "sales", params: { region: params.region! }, conf: { region: "south", x: 1 }, confOverridesParams: false, validate }),
    ).toEqual({ region: "north" });
  });

  it.each<Json>([[], "year=2026", 3])("refuses %o as conf", (conf) => {
    expect(() => resolve(conf)).toThrow('The conf for a run of DAG "sales" must be an object');
  });
});

it("puts params in the author's order, which is the alphabetical one where none is said", () => {
  expect(paramsInOrder({ params, paramOrder: ["year", "region"] }).map(([name]) => name)).toEqual(["year", "region"]);
  expect(paramsInOrder({ params })).toEqual(Object.entries(params));
});
