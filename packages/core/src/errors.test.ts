import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ERROR_CODES } from "./error-codes.ts";
import { assertNever, errorMessage, hasErrorCode, isTradewindError, TradewindError } from "./errors.ts";

describe("TradewindError", () => {
  it("carries code, status, details and cause", () => {
    const cause = new Error("connection refused");
    const error = new TradewindError("dag_not_found", 'No DAG has the id "sales".', { details: { dagId: "sales" }, cause });
    expect(error).toMatchObject({ name: "TradewindError", code: "dag_not_found", status: 404, details: { dagId: "sales" }, cause });
    expect(error).toBeInstanceOf(Error);
    expect(error.stack).toContain("errors.test.ts");
  });

  it("leaves cause away when there is none", () => {
    expect("cause" in new TradewindError("internal", "x")).toBe(false);
  });

  it("is recognised when it comes from another copy of the package", async () => {
    const copyUrl = "./errors.ts?another-copy";
    const copy = (await import(copyUrl)) as typeof import("./errors.ts");
    expect(copy.TradewindError).not.toBe(TradewindError);
    const foreign = new copy.TradewindError("conflict", "x");
    expect(foreign).not.toBeInstanceOf(TradewindError);
    expect(isTradewindError(foreign)).toBe(true);
    expect(hasErrorCode(foreign, "conflict")).toBe(true);
    expect(hasErrorCode(foreign, "internal")).toBe(false);
  });

  it.each([null, undefined, "text", 3, new Error("plain"), { code: "conflict" }])("is not recognised in %o", (value) => {
    expect(isTradewindError(value)).toBe(false);
  });
});

it("reads a message from anything that was thrown", () => {
  expect(errorMessage(new Error("a"))).toBe("a");
  expect(errorMessage({ message: "b" })).toBe("b");
  expect(errorMessage("c")).toBe("c");
  expect(errorMessage(null)).toBe("null");
  expect(errorMessage({ message: 3 })).toBe("[object Object]");
});

it("names the unexpected value where a switch ends", () => {
  expect(() => assertNever("melted" as never, "task state")).toThrow('Unexpected task state: "melted".');
});

describe("docs/errors.md", () => {
  const text = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8");
  const rows = [...text.matchAll(/^\| `([a-z_]+)` \| (\d{3}) \| (.+) \|$/gm)].map(([, code, status, meaning]) => [code, Number(status), meaning]);

  it("has exactly the codes of the catalogue, with the same status and meaning", () => {
    expect(rows).toEqual(Object.entries(ERROR_CODES).map(([code, { status, meaning }]) => [code, status, meaning]));
  });
});
