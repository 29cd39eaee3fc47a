import { expect, test } from "vitest";
import { suggest } from "./suggest.ts";

test.each([
  ["api.prot", "api.port"],
  ["API.PORT", "api.port"],
  ["scheduler.paralelism", "scheduler.parallelism"],
  ["something.else.entirely", null],
])("%s → %s", (written, expected) => {
  expect(suggest(written, ["api.port", "api.host", "scheduler.parallelism"])).toBe(expected);
});
