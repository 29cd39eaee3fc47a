import { describe, expect, it } from "vitest";
import { isSensitiveName, maskText, unmask } from "./secrets.ts";

it.each([
  ["db_password", true],
  ["API_KEY", true],
  ["slack_token", true],
  ["region", false],
])("%s is the name of a secret: %s", (name, expected) => {
  expect(isSensitiveName(name)).toBe(expected);
});

describe("maskText", () => {
  it("masks members of JSON, however deep, and leaves what is no JSON", () => {
    expect(maskText('{"a":[{"password":"x","ok":1}],"token":""}')).toBe('{"a":[{"password":"***","ok":1}],"token":""}');
    expect(maskText('{"secret":{"inner":1}}')).toBe('{"secret":"***"}');
    expect(maskText("plain { text")).toBe("plain { text");
    expect(maskText('"quoted"')).toBe('"quoted"');
  });
});

describe("unmask", () => {
  it("puts back what a client could not read, and only that", () => {
    const before = { password: "old", inner: { token: "t", a: 1 }, list: [{ secret: "s" }] };
    const sent = { password: "***", inner: { token: "new", a: 2 }, list: [{ secret: "***" }], more: "***" };
    expect(unmask(sent, before)).toEqual({ password: "old", inner: { token: "new", a: 2 }, list: [{ secret: "s" }], more: "***" });
    expect(unmask({ __proto__x: "***" }, {})).toEqual({ __proto__x: "***" });
  });
});
