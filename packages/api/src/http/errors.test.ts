import { TradewindError } from "@tradewind/core";
import { describe, expect, it } from "vitest";
import { RequestProblems, toErrorAnswer } from "./errors.ts";

const coded = (code: string, statusCode?: number): Error => Object.assign(new Error("inner words"), { code, statusCode });

describe("toErrorAnswer", () => {
  it.each<[string, unknown, { status: number; code: string }]>([
    ["an error of ours", new TradewindError("conflict", "no", { details: { a: 1 } }), { status: 409, code: "conflict" }],
    ["a list of problems", new RequestProblems([{ type: "missing", loc: ["body"], msg: "m" }]), { status: 422, code: "validation_failed" }],
    ["broken JSON", coded("FST_ERR_CTP_INVALID_JSON_BODY", 400), { status: 422, code: "validation_failed" }],
    ["a body that is too large", coded("FST_ERR_CTP_BODY_TOO_LARGE", 413), { status: 413, code: "payload_too_large" }],
    ["a value that no column holds", coded("22P05"), { status: 422, code: "validation_failed" }],
    ["a database that is away", coded("57P01"), { status: 503, code: "database_unavailable" }],
    ["a broken constraint", coded("23505"), { status: 500, code: "internal" }],
    ["anything else", new Error("inner words"), { status: 500, code: "internal" }],
    ["no error at all", "inner words", { status: 500, code: "internal" }],
  ])("%s", (_what, error, expected) => {
    expect(toErrorAnswer(error)).toMatchObject(expected);
  });

  it("says nothing of the inside when it is not known what went wrong", () => {
    for (const error of [new Error("inner words"), coded("23505"), new TradewindError("internal", "inner words")]) {
      expect(JSON.stringify(toErrorAnswer(error))).not.toContain("inner words");
    }
  });
});
