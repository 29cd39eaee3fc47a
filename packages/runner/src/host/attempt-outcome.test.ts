import type { TaskOutcome } from "@tradewind/contract";
import { describe, expect, it } from "vitest";
import { maskOutcome } from "./attempt-outcome.ts";
import { SecretMasker } from "./secret-masker.ts";

function failure(message: string, stack?: string): TaskOutcome {
  return { kind: "failed", failure: { reason: "error", type: "Error", message, stack }, retryable: true };
}

describe("what is told of an attempt that failed", () => {
  it("holds no NUL: PostgreSQL could not store it, and the failure would lose its retries", () => {
    const told = maskOutcome(failure("a\0b", "Error: a\0b\n    at x"), new SecretMasker());
    expect(told).toMatchObject({ retryable: true, failure: { message: "a\uFFFDb", stack: "Error: a\uFFFDb\n    at x" } });
    expect(maskOutcome({ kind: "skipped", reason: "no\0" }, new SecretMasker())).toEqual({ kind: "skipped", reason: "no\uFFFD" });
  });

  it("keeps both ends of an endless message, and no part of a secret at the cut", () => {
    const masker = new SecretMasker();
    masker.add("hunter2-hunter2-hunter2");
    const text = `begins ${"x".repeat(1_985)}hunter2-hunter2-hunter2${"y".repeat(3_000_000)} ends`;
    const told = JSON.stringify(maskOutcome(failure(text, text), masker));
    expect(told.length).toBeLessThan(40_000);
    expect(told).not.toContain("hunter2");
    expect(told).toMatch(/begins x.*characters left out.*y ends/u);
  });

  it("leaves results as they are", () => {
    const success: TaskOutcome = { kind: "success", result: JSON.stringify("a\0b".repeat(50_000)) };
    expect(maskOutcome(success, new SecretMasker())).toBe(success);
  });
});
