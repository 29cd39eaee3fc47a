import { expect, it } from "vitest";
import { describeSchema } from "./param-table.tsx";

it("says in a few words what a param takes", () => {
  expect(describeSchema({})).toBe("anything");
  expect(describeSchema({ type: ["string", "null"], format: "date" })).toBe("string or null, date");
  expect(describeSchema({ type: "string", enum: ["eu", "us"] })).toBe("one of eu, us");
  expect(describeSchema({ type: "integer", minimum: 1, maximum: 9 })).toBe("integer, from 1, up to 9");
});
