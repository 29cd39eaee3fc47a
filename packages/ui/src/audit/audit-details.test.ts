import { expect, test } from "vitest";
import { changesOf, readDetails, summaryOf } from "./audit-details.ts";

test.each([
  [null, "–"],
  ["not JSON", "not JSON"],
  ['{"conf":{"a":1}}', '{"conf":{"a":1}}'],
  ['{"before":{"is_paused":true,"owner":"ann"},"after":{"is_paused":false,"owner":"ann"}}', "is_paused: true → false"],
  ['{"before":null,"after":{"slots":4,"description":null}}', "slots: 4"],
  ['{"before":{"slots":4},"after":null}', "slots: 4 → –"],
  ['{"before":"a","after":"b"}', "value: a → b"],
  ['{"before":{"a":1},"after":{"a":1}}', "no change"],
])("%s is told as %s", (extra, told) => expect(summaryOf(extra)).toBe(told));

test("values that are equal are no change, however deep", () => {
  expect(changesOf(readDetails('{"before":{"extra":{"a":[1]}},"after":{"extra":{"a":[1]},"host":"h"}}'))).toEqual([
    { name: "host", before: undefined, after: "h" },
  ]);
});
