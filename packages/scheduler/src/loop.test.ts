import { beforeEach, describe, expect, test } from "vitest";
import { LogBook } from "../test/log-book.ts";
import { atRest, ManualClock } from "../test/manual-clock.ts";
import { gate } from "../test/memory-executor.ts";
import { SchedulerLoop } from "./loop.ts";
import { NO_SCHEDULER_METRICS } from "./ports.ts";
import type { Occasion, Step } from "./steps.ts";

let clock: ManualClock;
let logger: LogBook;
/** Names of the steps that ran, in order. */
let ran: string[];
let dueAt: number | null;

beforeEach(() => {
  clock = new ManualClock();
  logger = new LogBook();
  ran = [];
  dueAt = null;
});

function step(name: string, occasions: Occasion[], run: () => Promise<boolean> = async () => false): Step {
  return {
    name,
    occasions,
    run() {
      ran.push(name);
      return run();
    },
  };
}

function loopOf(
  steps: Step[],
  nextDueAt: (lookedAt: Date) => Promise<Date | null> = async () => (dueAt === null ? null : new Date(dueAt)),
): SchedulerLoop {
  return new SchedulerLoop({ steps, nextDueAt, sweepMs: 5_000, clock, logger, metrics: NO_SCHEDULER_METRICS });
}

const take = () => ran.splice(0);

describe("occasions", () => {
  test("a pass runs the steps that are meant for its occasions, in their order", async () => {
    const loop = loopOf([step("a", ["runs"]), step("b", ["ready", "runs"]), step("c", ["stops"])]);
    await loop.runOnce(["runs"]);
    expect(take()).toEqual(["a", "b"]);
  });

  test("starting sweeps, so that what happened before is found", async () => {
    const loop = loopOf([step("due", ["due"]), step("sweep", ["sweep"]), step("ready", ["ready"])]);
    loop.start();
    await atRest();
    expect(take()).toEqual(["due", "sweep"]);
    await loop.stop();
  });

  test("many calls make one pass; what comes during a pass makes one more", async () => {
    const door = gate();
    const loop = loopOf([step("slow", ["ready"], () => door.promise.then(() => false))]);
    loop.start();
    await atRest();
    for (let call = 0; call < 100; call++) loop.wake("ready");
    await atRest();
    for (let call = 0; call < 100; call++) loop.wake("ready");
    await atRest();
    expect(ran).toEqual(["slow"]);
    door.open();
    await atRest();
    expect(take()).toEqual(["slow", "slow"]);
    await loop.stop();
  });

  test("steps with more to do take turns, and what lives on them runs after each batch", async () => {
    const left = new Map([
      ["first", 3],
      ["second", 2],
    ]);
    const batch = (name: string) => step(name, ["due"], async () => (left.set(name, left.get(name)! - 1), left.get(name)! > 0));
    const loop = loopOf([batch("first"), batch("second"), step("once", ["due"]), { ...step("dispatch", ["due"]), isFed: true }]);
    await loop.runOnce(["due"]);
    expect(take()).toEqual(["first", "second", "once", "dispatch", "first", "second", "dispatch", "first", "dispatch"]);
  });

  test("what failed is not tried again in the same pass, whatever feeds it", async () => {
    let left = 3;
    const loop = loopOf([
      step("batch", ["due"], async () => --left > 0),
      { ...step("dispatch", ["due"], () => Promise.reject(new Error("no"))), isFed: true },
    ]);
    loop.start();
    await atRest();
    expect(take()).toEqual(["batch", "dispatch", "batch", "batch"]);
    await loop.stop();
  });

  test("a step goes on until it has no more to do, by hand as well", async () => {
    let left = 3;
    const loop = loopOf([step("batch", ["ready"], async () => --left > 0)]);
    await loop.runOnce(["ready"]);
    expect(take()).toEqual(["batch", "batch", "batch"]);
  });
});

describe("sleep", () => {
  test("ends when something is due", async () => {
    const loop = loopOf([step("due", ["due"], async () => ((dueAt = null), false))]);
    loop.start();
    await atRest();
    take();
    dueAt = clock.now() + 1_234;
    loop.wake("timers");
    await atRest();
    expect(clock.nextInMs).toBe(1_234);
    await clock.advance(1_233);
    expect(take()).toEqual([]);
    await clock.advance(1);
    expect(take()).toEqual(["due"]);
    await loop.stop();
  });

  test("what came due since it was looked for is asked about: a pass for something else may be long", async () => {
    const asked: number[] = [];
    const startedAt = clock.now();
    const loop = loopOf([step("due", ["due"]), step("ready", ["ready"])], async (lookedAt) => {
      asked.push(lookedAt.getTime() - startedAt);
      return new Date(startedAt + 3_600_000);
    });
    loop.start();
    await atRest();
    await clock.advance(60);
    loop.wake("timers");
    await atRest();
    expect(asked).toEqual([0, 0]);
    await loop.stop();
  });

  test("lasts no longer than until the next sweep", async () => {
    dueAt = clock.now() + 3_600_000;
    const loop = loopOf([step("sweep", ["sweep"])]);
    loop.start();
    await clock.advance(14_999);
    expect(take()).toEqual(["sweep", "sweep", "sweep"]);
    await clock.advance(1);
    expect(take()).toEqual(["sweep"]);
    await loop.stop();
  });

  test("a stream of wake-ups puts off neither what is due by time nor the sweep", async () => {
    const rest = gate();
    const loop: SchedulerLoop = loopOf([
      step("due", ["due"]),
      step("sweep", ["sweep"]),
      step("ready", ["ready"], async () => {
        // Each pass takes 40 ms and wakes the loop again before it ends.
        await clock.advance(40);
        if (ran.length < 400) loop.wake("ready");
        else rest.open();
        return false;
      }),
    ]);
    loop.start();
    loop.wake("ready");
    await rest.promise;
    await loop.stop();
    const passes = ran.filter((name) => name === "ready").length;
    expect(passes).toBeGreaterThan(200);
    // 100 ms and a pass, rounded up to passes.
    expect(ran.filter((name) => name === "due").length).toBeGreaterThanOrEqual(Math.floor(passes / 4));
    expect(ran.filter((name) => name === "sweep").length).toBeGreaterThanOrEqual(Math.floor((passes * 40) / 5_000));
  });

  test("what stays due although it was looked for does not spin: the database's clock may be behind", async () => {
    dueAt = clock.now() + 1_000;
    const loop = loopOf([step("due", ["due"])]);
    loop.start();
    await atRest();
    take();
    await clock.advance(2_000);
    const looks = take().length;
    expect(looks).toBeGreaterThan(4);
    expect(looks).toBeLessThan(12);
    // Once it is done, the next one is met on time again.
    dueAt = clock.now() + 777;
    await clock.advance(250);
    take();
    await clock.advance(527);
    expect(take()).toEqual(["due"]);
    await loop.stop();
  });
});

describe("a step that fails", () => {
  test("stops no other, in its pass or in the next ones", async () => {
    const loop = loopOf([step("broken", ["ready"], () => Promise.reject(new Error("no"))), step("dispatch", ["ready"])]);
    loop.start();
    loop.wake("ready");
    await atRest();
    expect(take()).toEqual(["broken", "dispatch"]);
    loop.wake("ready");
    await atRest();
    expect(take()).toEqual(["dispatch"]);
    await loop.stop();
  });

  test("is tried again by itself after a pause that doubles up to 5 s, and after a success starts over", async () => {
    let works = false;
    const triedAt: number[] = [];
    const startedAt = clock.now();
    const broken = step("broken", ["ready"], async () => {
      triedAt.push(clock.now() - startedAt);
      if (!works) throw new Error("the database is away");
      return false;
    });
    const loop = loopOf([broken]);
    loop.start();
    loop.wake("ready");
    await clock.advance(20_000);
    const pauses = triedAt.map((at, index) => at - (triedAt[index - 1] ?? 0));
    expect(pauses).toEqual([0, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    expect(logger.messages("error")[0]).toBe("the scheduler could not broken; trying again in 100 ms");
    works = true;
    await clock.advance(5_000);
    triedAt.length = 0;
    await clock.advance(20_000);
    expect(triedAt).toEqual([]);
    works = false;
    loop.wake("ready");
    await clock.advance(100);
    expect(triedAt.length).toBe(2);
    await loop.stop();
  });

  test("by hand, its error is thrown after the others have run", async () => {
    const error = new Error("no");
    const loop = loopOf([step("broken", ["ready"], () => Promise.reject(error)), step("dispatch", ["ready"])]);
    await expect(loop.runOnce(["ready"])).rejects.toMatchObject({ message: "steps failed: broken", errors: [error] });
    expect(take()).toEqual(["broken", "dispatch"]);
  });

  test("not knowing what is due next is no more than that", async () => {
    let away = true;
    const loop = loopOf([step("due", ["due"]), step("ready", ["ready"])], async () => {
      if (away) throw new Error("the database is away");
      return null;
    });
    loop.start();
    await clock.advance(1_000);
    expect(logger.messages("error").length).toBe(4);
    take();
    loop.wake("ready");
    await atRest();
    expect(take()).toContain("ready");
    away = false;
    await clock.advance(2_000);
    logger.lines.length = 0;
    await clock.advance(10_000);
    expect(logger.lines).toEqual([]);
    await loop.stop();
  });
});

test("stop waits for the pass in flight; nothing runs and no timer is left after it", async () => {
  const door = gate();
  let ended = false;
  const slow = step("slow", ["ready"], async () => {
    await door.promise;
    ended = true;
    return true;
  });
  const loop = loopOf([slow]);
  loop.start();
  loop.wake("ready");
  await atRest();
  const stopped = loop.stop();
  loop.wake("ready");
  door.open();
  await stopped;
  expect(ended).toBe(true);
  await clock.advance(60_000);
  expect(ran).toEqual(["slow"]);
  expect(clock.timers).toBe(0);
});
