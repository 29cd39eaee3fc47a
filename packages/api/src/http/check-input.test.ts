import { expect, it } from "vitest";
import { z } from "zod";
import { checkInput } from "./check-input.ts";
import { RequestProblems } from "./errors.ts";
import { JsonObject } from "./values.ts";

it("refuses a value that is nested too deeply, as what is wrong with the request and not with the server", () => {
  const deep = (depth: number) => JSON.parse(`${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`) as unknown;
  const Body = z.strictObject({ conf: JsonObject });
  expect(() => checkInput("body", Body, { conf: deep(100_000) })).toThrow(RequestProblems);
  expect(() => checkInput("body", Body, { conf: deep(100_000) })).toThrow("body: It is nested too deeply");
  expect(checkInput("body", Body, { conf: deep(50) })).toEqual({ conf: deep(50) });
});
