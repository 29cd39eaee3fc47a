import { describe, expect, test } from "vitest";
import { readVariableFile } from "./variable-file.ts";

describe("a file of variables", () => {
  test("has keys with values of any kind", () => {
    expect(readVariableFile('{"a": "text", "b": {"c": [1]}, "d": 4}')).toEqual([
      { key: "a", value: "text", description: null },
      { key: "b", value: '{"c":[1]}', description: null },
      { key: "d", value: "4", description: null },
    ]);
  });

  test("may describe them, as Airflow's export does", () => {
    expect(readVariableFile('{"a": {"value": "text", "description": "what it is"}, "b": {"value": 1, "more": 2}}')).toEqual([
      { key: "a", value: "text", description: "what it is" },
      { key: "b", value: '{"value":1,"more":2}', description: null },
    ]);
  });

  test.each(["[1]", "null", '"a"'])("%s is refused in words", (text) => expect(() => readVariableFile(text)).toThrow("no object of variables"));
  test("what is not JSON is refused with the place", () => expect(() => readVariableFile("{a}")).toThrow("not JSON"));
});
