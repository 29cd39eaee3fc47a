import { expect, test, vi } from "vitest";
import { backoffMs, withRetry } from "./retry.ts";
import { retryableKind } from "./retryable-errors.ts";

const withCode = (code: string): Error => Object.assign(new Error(`error ${code}`), { code });

test.each([
  ["40001", "conflict"],
  ["40P01", "conflict"],
  ["57P01", "unavailable"],
  ["57P03", "unavailable"],
  ["08006", "unavailable"],
  ["53300", "unavailable"],
  ["53100", "exhausted"],
  ["53200", "exhausted"],
  ["58030", "exhausted"],
  ["ECONNREFUSED", "unavailable"],
  ["ECONNRESET", "unavailable"],
  // A broken rule, a cancelled statement, a wrong password: the same again the next time.
  ["23505", undefined],
  ["57014", undefined],
  ["28P01", undefined],
  ["42P01", undefined],
])("code %s: %s", (code, kind) => {
  expect(retryableKind(withCode(code))).toBe(kind);
});

test.each([
  ["Connection terminated unexpectedly", "unavailable"],
  ["Connection terminated due to connection timeout", "unavailable"],
  ["timeout exceeded when trying to connect", "unavailable"],
  ["Query read timeout", "unavailable"],
  ["Cannot use a pool after calling end on the pool", undefined],
])("the driver's message %j: %s", (message, kind) => {
  expect(retryableKind(new Error(message))).toBe(kind);
});

test("what is no error, and an aggregate of refused addresses", () => {
  expect(retryableKind("57P01")).toBeUndefined();
  expect(retryableKind(new AggregateError([withCode("ECONNREFUSED"), withCode("ECONNREFUSED")]))).toBe("unavailable");
});

test("a retryable error is tried again until it works", async () => {
  const work = vi
    .fn<() => Promise<string>>()
    .mockRejectedValueOnce(withCode("40001"))
    .mockRejectedValueOnce(withCode("40P01"))
    .mockResolvedValue("done");
  const onRetry = vi.fn<(error: unknown, attempt: number) => void>();
  await expect(withRetry(work, { onRetry })).resolves.toBe("done");
  expect(onRetry.mock.calls.map(([, attempt]) => attempt)).toEqual([1, 2]);
});

test("tries end at the limit, and another error ends them at once; the error comes as it was", async () => {
  const conflict = withCode("40001");
  const always = vi.fn<() => Promise<never>>().mockRejectedValue(conflict);
  await expect(withRetry(always, { maxAttempts: 3 })).rejects.toBe(conflict);
  expect(always).toHaveBeenCalledTimes(3);
  const never = vi.fn<() => Promise<never>>().mockRejectedValue(withCode("23505"));
  await expect(withRetry(never)).rejects.toThrow("23505");
  expect(never).toHaveBeenCalledTimes(1);
});

test("no new try after the time is over, or after the signal", async () => {
  const work = vi.fn<() => Promise<never>>().mockRejectedValue(withCode("57P01"));
  await expect(withRetry(work, { maxElapsedMs: 0 })).rejects.toThrow("57P01");
  await expect(withRetry(work, { signal: AbortSignal.abort() })).rejects.toThrow("57P01");
  expect(work).toHaveBeenCalledTimes(2);
});

test("pauses grow to their limit, and never fall below half of it", () => {
  for (let attempt = 1; attempt < 100; attempt += 1) {
    const ceiling = Math.min(2_000, 50 * 2 ** (attempt - 1));
    const pause = backoffMs(attempt, 50, 2_000);
    expect(pause).toBeGreaterThanOrEqual(ceiling / 2);
    expect(pause).toBeLessThanOrEqual(ceiling);
  }
});
