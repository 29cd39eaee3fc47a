import { expect, test } from "vitest";
import { foundBy } from "./palette-search.ts";

test.each([
  ["", "DAGs", true],
  ["  ", "DAGs", true],
  ["audit", "Audit log", true],
  ["log aud", "Audit log", true],
  ["audit pool", "Audit log", false],
])("%j finds %j: %s", (typed, text, isFound) => expect(foundBy(typed, text)).toBe(isFound));
