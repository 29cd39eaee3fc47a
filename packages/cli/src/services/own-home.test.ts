import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { processStartTime } from "@tradewind/runner";
import { afterEach, beforeEach, expect, test } from "vitest";
import { takeHome } from "./own-home.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "tradewind-home-"));
  mkdirSync(join(home, "run"));
});
afterEach(() => rmSync(home, { recursive: true }));

const file = () => join(home, "run", "standalone.json");

test("a home is one's own until it is given back", async () => {
  const giveBack = await takeHome(home);
  await expect(takeHome(home)).rejects.toThrow(`running already in ${home}, as process ${process.pid}`);
  giveBack();
  expect(existsSync(file())).toBe(false);
  (await takeHome(home))();
});

test("what a killed process left behind counts for nothing, also when its pid is another's by now", async () => {
  const startTime = await processStartTime(process.pid);
  for (const left of [`{"pid":${process.pid},"startTime":"1 ${startTime}"}`, `{"pid":4194999,"startTime":"7"}`, "", "{"]) {
    writeFileSync(file(), left);
    const giveBack = await takeHome(home);
    expect(readFileSync(file(), "utf8")).toContain(`{"pid":${process.pid},"startTime":"${startTime}"}`);
    giveBack();
  }
});
