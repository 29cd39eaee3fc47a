import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pythonIso } from "./python-iso.ts";
import { maxTriesAfterClear, type RetryDelayInput, retryDelayMs, retryDueAt, shouldRetry } from "./retry.ts";

const NEW_YEAR = new Date("2026-01-01T00:00:00Z");

const input: RetryDelayInput = {
  dagId: "sales",
  taskId: "load",
  logicalDate: NEW_YEAR,
  tryNumber: 1,
  retryDelayMs: 30_000,
  retryBackoff: 2,
  maxRetryDelayMs: null,
};

describe("shouldRetry", () => {
  const attempt = { state: "running", tryNumber: 1, maxTries: 2, retries: 2, isFinal: false } as const;

  it("retries while try_number <= max_tries", () => {
    expect([1, 2, 3].map((tryNumber) => shouldRetry({ ...attempt, tryNumber }))).toEqual([true, true, false]);
  });

  it("retries only if retries > 0", () => {
    expect(shouldRetry({ ...attempt, retries: 0 })).toBe(false);
  });

  it("never retries a fail-type exception", () => {
    expect(shouldRetry({ ...attempt, isFinal: true })).toBe(false);
  });

  it("a cleared-while-running task instance may always retry", () => {
    expect(shouldRetry({ ...attempt, state: "restarting", tryNumber: 9, retries: 0, isFinal: true })).toBe(true);
  });

  it("on clear, max_tries = try_number + retries", () => {
    expect(maxTriesAfterClear(3, 2)).toBe(5);
    expect(shouldRetry({ ...attempt, tryNumber: 5, maxTries: maxTriesAfterClear(3, 2) })).toBe(true);
  });
});

describe("retryDelayMs", () => {
  // The expected values are those of Python: hashlib, math.ceil, str(datetime).
  it.each<[Partial<RetryDelayInput>, number]>([
    [{}, 51_000],
    [{ tryNumber: 2 }, 90_000],
    [{ tryNumber: 5 }, 663_000],
    [{ logicalDate: new Date("2026-03-29T01:02:03.456Z"), tryNumber: 3, retryDelayMs: 300_000, retryBackoff: 1.5 }, 795_000],
    [{ dagId: "ventas_ñ", taskId: "cargar", logicalDate: null, tryNumber: 2, retryDelayMs: 60_000, retryBackoff: 3 }, 318_000],
    [{ tryNumber: 20, retryDelayMs: 300_000 }, 86_400_000],
    [{ retryDelayMs: 0 }, 1_000],
    [{ tryNumber: 4, retryDelayMs: 200 }, 3_000],
    [{ tryNumber: 5_000 }, 86_400_000],
    [{ tryNumber: 5_000, maxTaskRetryDelayMs: Number.MAX_SAFE_INTEGER }, Number.MAX_SAFE_INTEGER],
  ])("%o waits %i ms", (fields, ms) => {
    expect(retryDelayMs({ ...input, ...fields })).toBe(ms);
  });

  it("without backoff: plain retry_delay, whatever the caps", () => {
    expect(retryDelayMs({ ...input, retryBackoff: 0, retryDelayMs: 123, maxRetryDelayMs: 1 })).toBe(123);
    expect(retryDelayMs({ ...input, retryBackoff: 1, retryDelayMs: 123 })).toBe(123);
  });

  it("cap 1: the installation's; cap 2: the task's", () => {
    expect(retryDelayMs({ ...input, tryNumber: 5, maxTaskRetryDelayMs: 600_000 })).toBe(600_000);
    expect(retryDelayMs({ ...input, tryNumber: 5, maxRetryDelayMs: 40_000 })).toBe(40_000);
    expect(retryDelayMs({ ...input, maxRetryDelayMs: 50_000 })).toBe(50_000);
  });

  it("lies in [base, 2*base), and is the same each time it is asked for", () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 0, max: 3_600_000 }),
        fc.constantFrom(1.2, 2, 3),
        (taskId, tryNumber, delay, M) => {
          const asked: RetryDelayInput = {
            ...input,
            taskId,
            tryNumber,
            retryDelayMs: delay,
            retryBackoff: M,
            maxTaskRetryDelayMs: Number.MAX_SAFE_INTEGER,
          };
          const base = Math.max(1, Math.ceil((delay / 1000) * M ** (tryNumber - 1)));
          const ms = retryDelayMs(asked);
          expect(ms).toBeGreaterThanOrEqual(base * 1000);
          expect(ms).toBeLessThan(2 * base * 1000);
          expect(retryDelayMs(asked)).toBe(ms);
        },
      ),
    );
  });

  it("due = end of last try + delay", () => {
    expect(retryDueAt(new Date("2026-01-01T10:00:00.250Z"), input).toISOString()).toBe("2026-01-01T10:00:51.250Z");
  });
});

it("writes instants as Python does", () => {
  expect(pythonIso(NEW_YEAR)).toBe("2026-01-01T00:00:00+00:00");
  expect(pythonIso(new Date("2026-03-29T01:02:03.456Z"), " ")).toBe("2026-03-29 01:02:03.456000+00:00");
});
