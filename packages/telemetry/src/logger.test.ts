import { Writable } from "node:stream";
import { TradewindError } from "@tradewind/core";
import { expect, test } from "vitest";
import { createLogger, type LoggerOptions } from "./index.ts";

function logged(options: Partial<LoggerOptions>, write: (log: ReturnType<typeof createLogger>) => void): string {
  let text = "";
  const destination = new Writable({
    write(chunk: Buffer, _, done) {
      text += chunk.toString();
      done();
    },
  });
  write(createLogger({ level: "info", format: "json", component: "scheduler", destination, ...options }));
  return text;
}

test("JSON lines carry level, component, time and the fields", () => {
  const line = JSON.parse(logged({}, (log) => log.child({ dagId: "sales" }).warn({ tryNumber: 2 }, "late"))) as Record<string, unknown>;
  expect(line).toMatchObject({ level: "warn", component: "scheduler", dagId: "sales", tryNumber: 2, msg: "late", pid: process.pid });
  expect(line["time"]).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
});

test("lines below the level are not written", () => {
  expect(logged({ level: "error" }, (log) => log.info("quiet"))).toBe("");
});

test("secrets are not printed, wherever they sit", () => {
  const text = logged({}, (log) =>
    log.info({ password: "s1", req: { headers: { authorization: "s2" } }, database: { password: "s3" }, user: { name: "ann", token: "s4" } }, "in"),
  );
  expect(text).not.toMatch(/s[1-4]"/);
  expect(text).toContain("ann");
});

test("an error keeps its code, its details and its stack", () => {
  const text = logged({}, (log) => log.error({ err: new TradewindError("pool_not_found", "no pool", { details: { pool: "big" } }) }, "failed"));
  expect((JSON.parse(text) as { err: unknown }).err).toMatchObject({
    code: "pool_not_found",
    details: { pool: "big" },
    message: "no pool",
    stack: expect.stringContaining("logger.test"),
  });
});

test("pretty lines are for people", () => {
  const text = logged({ format: "pretty" }, (log) => log.info({ runs: 3 }, "created"));
  expect(text).toMatch(/\d\d:\d\d:\d\d\.\d{3}.*INFO.*scheduler: created/);
  expect(text).toContain("runs: 3");
});
