import { expect, it } from "vitest";
import { createLoginRateLimit } from "./login-rate-limit.ts";

it("lets some tries fail, then waits until the oldest is a window ago", () => {
  const limit = createLoginRateLimit({ tries: 3, windowMs: 60_000 });
  for (const at of [0, 10_000, 20_000]) {
    expect(limit.waitSeconds("ann", at)).toBe(0);
    limit.recordFailure("ann", at);
  }
  expect(limit.waitSeconds("ann", 20_000)).toBe(40);
  expect(limit.waitSeconds("ann", 59_999)).toBe(1);
  expect(limit.waitSeconds("ann", 60_000)).toBe(0);
  expect(limit.waitSeconds("bob", 20_000)).toBe(0);
});

it("forgets failures when the password was right", () => {
  const limit = createLoginRateLimit({ tries: 1, windowMs: 60_000 });
  limit.recordFailure("ann", 0);
  expect(limit.waitSeconds("ann", 1)).toBe(60);
  limit.recordSuccess("ann");
  expect(limit.waitSeconds("ann", 1)).toBe(0);
});

it("does not grow without end", () => {
  const limit = createLoginRateLimit({ tries: 1, windowMs: 60_000 });
  for (let index = 0; index <= 10_000; index += 1) limit.recordFailure(`user ${index}`, 0);
  expect(limit.waitSeconds("user 0", 1)).toBe(0);
  expect(limit.waitSeconds("user 1", 1)).toBe(60);
});

it("takes back what turned out to be right, and keeps the other failures of the key", () => {
  const limit = createLoginRateLimit({ tries: 2, windowMs: 60_000 });
  limit.recordFailure("10.0.0.1", 0);
  limit.recordFailure("10.0.0.1", 1);
  limit.takeBack("10.0.0.1");
  expect(limit.waitSeconds("10.0.0.1", 2)).toBe(0);
  limit.recordFailure("10.0.0.1", 3);
  expect(limit.waitSeconds("10.0.0.1", 4)).toBe(60);
});
