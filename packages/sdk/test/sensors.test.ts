import { beforeEach, describe, expect, it } from "vitest";
import { Dag, FailTask, SkipTask } from "../src/index.ts";
import { runTask, toSpec } from "../src/internal.ts";
import { dateTimeSensor, dayOfWeekSensor, PokeReturn, sensor, timeDeltaSensor, timeSensor } from "../src/sensors/index.ts";
import { SensorClock } from "./sensor-clock.ts";

let clock: SensorClock;
beforeEach(() => {
  clock = new SensorClock();
});

const MINUTE = 60_000;
const startMs = Date.parse("2026-01-31T06:00:00Z");
/** True from some minutes after the first poke on. */
const after = (minutes: number) => () => clock.nowMs >= startMs + minutes * MINUTE;

describe("waiting", () => {
  it("has Airflow's defaults: mode poke, 60 s between pokes, a timeout of 7 days", () => {
    const dag = new Dag("d");
    dag.add(sensor("t", () => true));
    expect(toSpec(dag).tasks[0]!.sensor).toEqual({ mode: "poke", pokeIntervalMs: 60_000, timeoutMs: 7 * 86_400_000, softFail: false });
  });

  it("pokes in its process until the answer is yes, and results in nothing", async () => {
    expect(await clock.attempt(sensor("t", after(3)))).toEqual({ kind: "success", result: undefined });
    expect(clock.sleeps).toEqual([MINUTE, MINUTE, MINUTE]);
  });

  it("ends between pokes in mode reschedule", async () => {
    const { end, reschedules } = await clock.run(sensor("t", after(3), { mode: "reschedule", pokeInterval: "90s" }));
    expect(end.kind).toBe("success");
    expect(reschedules).toEqual([90_000, 90_000]);
    expect(clock.sleeps).toEqual([]);
  });

  it("results in the value of the PokeReturn that is done", async () => {
    const operator = sensor("t", async ({ least }: { least: number }) => new PokeReturn(clock.nowMs > startMs, { files: least }));
    expect(await clock.attempt(operator, { least: 3 })).toEqual({ kind: "success", result: { files: 3 } });
    expect(clock.sleeps).toHaveLength(1);
  });

  // "timeout counts from the first poke over reschedules" and retries.
  it.each(["poke", "reschedule"] as const)("fails for good at its timeout, in mode %s", async (mode) => {
    const { end, reschedules } = await clock.run(sensor("t", () => false, { mode, pokeInterval: "4m", timeout: "10m" }));
    expect(end).toMatchObject({ kind: "fail", type: "SensorTimeout", message: expect.stringContaining("longer than its timeout of 10m") });
    // The last poke is at the end of the timeout, not after it.
    expect([...reschedules, ...clock.sleeps]).toEqual([4 * MINUTE, 4 * MINUTE, 2 * MINUTE]);
  });

  it("does not begin its timeout anew with a retry", async () => {
    let pokes = 0;
    const operator = sensor(
      "t",
      () => {
        if (++pokes === 2) throw new Error("the network is down");
        return false;
      },
      { pokeInterval: "6m", timeout: "10m" },
    );
    expect((await clock.attempt(operator)).kind).toBe("error");
    expect((await clock.attempt(operator)).kind).toBe("fail");
    expect(clock.sleeps).toEqual([6 * MINUTE, 4 * MINUTE]);
  });

  it("pokes once before it looks at the timeout", async () => {
    clock.runtime.context = { ...clock.runtime.context, firstStartedAt: "2020-01-01T00:00:00.000Z" };
    expect((await clock.attempt(sensor("t", () => true, { timeout: "1s" }))).kind).toBe("success");
  });

  // "soft_fail -> skip on timeout/fail; never_fail -> skip on any error; silent_fail -> go on after errors."
  it.each<[string, object, string, () => boolean]>([
    ["a timeout", {}, "fail", () => false],
    ["a timeout", { softFail: true }, "skip", () => false],
    ["a timeout", { neverFail: true }, "skip", () => false],
    ["a timeout", { silentFail: true }, "fail", () => false],
    ["FailTask", {}, "fail", () => fail()],
    ["FailTask", { softFail: true }, "skip", () => fail()],
    ["FailTask", { neverFail: true }, "skip", () => fail()],
    ["FailTask", { silentFail: true }, "fail", () => fail()],
    ["an error", {}, "error", () => broken()],
    ["an error", { softFail: true }, "error", () => broken()],
    ["an error", { neverFail: true }, "skip", () => broken()],
    ["an error", { silentFail: true }, "success", () => (clock.nowMs > startMs ? true : broken())],
    ["SkipTask", { silentFail: true }, "skip", () => skip()],
  ])("%s with %j ends as %s", async (_what, options, kind, poke) => {
    expect((await clock.attempt(sensor("t", poke, { timeout: "2m", ...options }))).kind).toBe(kind);
  });

  it("waits longer and longer with exponentialBackoff, over reschedules as well", async () => {
    const options = { exponentialBackoff: true, maxWait: "10m", pokeInterval: "1m", timeout: "2h" };
    const { reschedules } = await clock.run(sensor("t", () => false, { ...options, mode: "reschedule" }));
    expect(reschedules.slice(0, 3).map((ms, n) => ms >= 30_000 * 2 ** n && ms < 60_000 * 2 ** n)).toEqual([true, true, true]);
    expect(reschedules.slice(5, -1).every((ms) => ms === 10 * MINUTE)).toBe(true);
    const again = new SensorClock();
    await again.run(sensor("t", () => false, options));
    expect(again.sleeps).toEqual(reschedules);
  });

  it("stops when it is told to, whatever it was told about failing", async () => {
    const operator = sensor(
      "t",
      () => {
        clock.runtime.controller.abort(new Error("cancelled by ann"));
        throw new Error("as a consequence");
      },
      { neverFail: true },
    );
    expect(await clock.attempt(operator)).toMatchObject({ kind: "error", message: "cancelled by ann" });
  });

  it("gives up a real wait at once when it is stopped", async () => {
    const local = new SensorClock();
    local.nowMs = Date.now();
    Object.assign(local.runtime, { sleep: undefined, now: undefined });
    local.runtime.onLog = ({ message }) => message.includes("not yet") && setImmediate(() => local.runtime.controller.abort(new Error("enough")));
    expect(await local.attempt(sensor("t", () => false, { pokeInterval: "1h" }))).toMatchObject({ kind: "error", message: "enough" });
  });

  it.each<[object, RegExp]>([
    [{ mode: "defer" }, /it must be "poke" or "reschedule"/],
    [{ pokeInterval: 0 }, /"pokeInterval" of sensor "t" is zero/],
    [{ timeout: "soon" }, /timeout of sensor "t" "soon" is not a duration/],
    [{ softFail: true, neverFail: true }, /give one of them/],
    [{ softFail: "yes" }, /it must be true or false/],
  ])("refuses %j when the file is loaded", (options, message) => {
    expect(() => sensor("t", () => true, options)).toThrow(message);
  });
});

describe("dag.sensor", () => {
  it("makes a task of a function that waits", async () => {
    const dag = new Dag("d");
    const arrived = dag.sensor("arrived", async ({ least }: { least: number }) => new PokeReturn(clock.nowMs > startMs, least), {
      mode: "reschedule",
      pokeInterval: "5m",
      retries: 2,
    });
    arrived({ least: 3 });
    const [task] = toSpec(dag).tasks;
    expect(task).toMatchObject({ taskId: "arrived", operator: "sensor", retries: 2, sensor: { mode: "reschedule", pokeIntervalMs: 5 * MINUTE } });
    Object.assign(clock.runtime.context, { taskId: "arrived" });
    await expect(runTask(dag, "arrived", { inputs: { least: 3 }, runtime: clock.runtime })).rejects.toMatchObject({ afterMs: 5 * MINUTE });
    clock.nowMs += 5 * MINUTE;
    await expect(runTask(dag, "arrived", { inputs: { least: 3 }, runtime: clock.runtime })).resolves.toEqual({ result: "3" });
  });

  it("names what is no function", () => {
    expect(() => new Dag("d").sensor("t", true as never)).toThrow('sensor("t") in DAG "d" needs a function as handler');
  });
});

describe("timeSensor", () => {
  it("waits for the hour of the zone's clock, on the day of the first poke", async () => {
    // 06:00 UTC is 07:00 in Madrid.
    expect((await clock.attempt(timeSensor("t", { targetTime: "07:30", timezone: "Europe/Madrid" }))).kind).toBe("success");
    expect(clock.nowMs).toBe(startMs + 30 * MINUTE);
  });

  it("goes on at once when the hour is over", async () => {
    await clock.attempt(timeSensor("t", { targetTime: "05:59:59" }));
    expect(clock.sleeps).toEqual([]);
  });

  it("keeps to its day when midnight passes", async () => {
    clock.nowMs = Date.parse("2026-01-31T23:58:00Z");
    const { reschedules } = await clock.run(timeSensor("t", { targetTime: "23:59:30", mode: "reschedule" }));
    expect(reschedules).toHaveLength(2);
  });

  it("refuses what is no time, and no zone", () => {
    expect(() => timeSensor("t", { targetTime: "24:00" })).toThrow('must be a time of the day such as "14:30"');
    expect(() => timeSensor("t", { targetTime: "12:00", timezone: "Mars" })).toThrow("not known");
  });
});

describe("other times", () => {
  it("waits until a point in time, which may follow from the run", async () => {
    await clock.attempt(dateTimeSensor("t", { targetTime: ({ dataInterval }) => new Date(dataInterval.end.getTime() + 2 * MINUTE) }));
    expect(clock.sleeps).toHaveLength(2);
    await expect(clock.attempt(dateTimeSensor("t", { targetTime: "tomorrow" }))).resolves.toMatchObject({
      message: expect.stringContaining("targetTime"),
    });
  });

  it("waits for some time after the end of the data interval", async () => {
    await clock.attempt(timeDeltaSensor("t", { delta: "5m" }));
    expect(clock.nowMs).toBe(startMs + 5 * MINUTE);
  });

  it("waits for a day of the week: today's, or the logical date's", async () => {
    // 2026-01-31 is a Saturday.
    await clock.attempt(dayOfWeekSensor("t", { weekDay: "sunday", pokeInterval: "6h" }));
    expect(new Date(clock.nowMs).toISOString()).toBe("2026-02-01T00:00:00.000Z");
    expect((await clock.attempt(dayOfWeekSensor("t", { weekDay: ["friday", "saturday"], useTaskLogicalDate: true }))).kind).toBe("success");
    expect(() => dayOfWeekSensor("t", { weekDay: "someday" as "sunday" })).toThrow("name one or more of sunday, monday");
  });
});

function fail(): never {
  throw new FailTask("never again");
}
function broken(): never {
  throw new Error("broken");
}
function skip(): never {
  throw new SkipTask("not today");
}
