import { describe, expect, it } from "vitest";
import { dagSpec } from "../../test/fixture.ts";
import { planManualRun } from "./plan-manual-run.ts";
import { createSchemaValidator } from "./schema-validator.ts";

const now = new Date("2026-03-04T05:06:07.089Z");
const settings = { now, suffix: "Ab3dEf", validate: createSchemaValidator() };
const at = (text: string): Date => new Date(text);
const spec = dagSpec("sales", []);

describe("planManualRun", () => {
  it("without a logical date takes now: it may begin at once, and its id tells the moment", () => {
    expect(planManualRun(spec, {}, settings)).toEqual({
      runId: "manual__2026-03-04T05:06:07.089000+00:00",
      isRunIdGiven: false,
      runType: "manual",
      logicalDate: now,
      dataInterval: { start: now, end: now },
      runAfter: now,
      conf: {},
    });
  });

  it("logical date null: no interval, and a random suffix since `with no logical date _<random> is appended`", () => {
    expect(planManualRun(spec, { logicalDate: null }, settings)).toMatchObject({
      runId: "manual__2026-03-04T05:06:07.089000+00:00_Ab3dEf",
      logicalDate: null,
      dataInterval: null,
      runAfter: now,
    });
  });

  it("a given logical date: the manual interval of the timetable, and not before its end", () => {
    const daily = dagSpec("sales", [], { schedule: { kind: "cron_data_interval", cron: "0 0 * * *", timezone: "UTC", runImmediately: null } });
    expect(planManualRun(daily, { logicalDate: at("2026-03-10T12:00:00Z") }, settings)).toMatchObject({
      runId: "manual__2026-03-10T00:00:00+00:00",
      dataInterval: { start: at("2026-03-09T00:00:00Z"), end: at("2026-03-10T00:00:00Z") },
      runAfter: at("2026-03-10T00:00:00Z"),
    });
  });

  it("takes a given interval, a given runAfter and a given id as they are", () => {
    const dataInterval = { start: at("2026-01-01T00:00:00Z"), end: at("2026-01-02T00:00:00Z") };
    const options = { logicalDate: at("2026-01-01T00:00:00Z"), dataInterval, runAfter: at("2026-06-01T00:00:00Z"), runId: "by_hand" };
    expect(planManualRun(spec, options, settings)).toMatchObject({ ...options, isRunIdGiven: true });
    expect(planManualRun(spec, { ...options, runAfter: undefined }, settings).runAfter).toEqual(now);
  });

  it("refuses an interval that ends before it begins", () => {
    const dataInterval = { start: at("2026-01-02T00:00:00Z"), end: at("2026-01-01T00:00:00Z") };
    expect(() => planManualRun(spec, { dataInterval }, settings)).toThrow(expect.objectContaining({ code: "validation_failed" }));
  });

  it("`a manual id may not look like a scheduled one`", () => {
    expect(() => planManualRun(spec, { runId: "scheduled__2026-01-01" }, settings)).toThrow(expect.objectContaining({ code: "invalid_run_id" }));
    expect(() => planManualRun(spec, { runId: "a b" }, { ...settings, allowedRunIdPattern: "^[a-z]+$" })).toThrow(
      expect.objectContaining({ code: "invalid_run_id" }),
    );
  });

  it("`JSON schema, validated at trigger; run conf overrides params`, and what is kept is the conf itself", () => {
    const withParams = dagSpec("sales", [], { params: { size: { schema: { type: "integer" }, default: 1, description: null } } });
    expect(planManualRun(withParams, { conf: { other: true } }, settings).conf).toEqual({ other: true });
    expect(() => planManualRun(withParams, { conf: { size: "big" } }, settings)).toThrow(/"size" must be integer; found "big"/);
  });

  it("a run that a task triggered has its own type", () => {
    expect(planManualRun(spec, { logicalDate: null, runType: "operator_triggered" }, settings)).toMatchObject({
      runType: "operator_triggered",
      runId: "operator_triggered__2026-03-04T05:06:07.089000+00:00_Ab3dEf",
    });
  });
});
