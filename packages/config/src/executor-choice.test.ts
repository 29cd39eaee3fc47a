import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { executorsOf, loadConfig } from "./index.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "executors-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const load = async (overrides: Record<string, unknown>, env: Record<string, string> = {}) =>
  (await loadConfig({ env, cwd: folder, overrides })).config;
const choose = async (overrides: Record<string, unknown>, env: Record<string, string> = {}) => executorsOf(await load(overrides, env));

describe("which executors an installation has", () => {
  test.each([
    ["a name", { executor: "bullmq" }, [{ name: "bullmq", package: null, options: {} }]],
    ["several, the first is the default", { executors: ["bullmq", "local"] }, [{ name: "bullmq" }, { name: "local" }]],
    ["executors wins over executor", { executor: "local", executors: ["bullmq"] }, [{ name: "bullmq" }]],
    ["a package", { executor: "my-company-executor" }, [{ name: "my-company-executor", package: "my-company-executor", options: {} }]],
    ["a package with a scope", { executor: "@acme/fargate" }, [{ name: "fargate", package: "@acme/fargate" }]],
    ["a file", { executor: "./executors/mine.ts" }, [{ name: "mine", package: "./executors/mine.ts" }]],
    [
      "a package with options, under its own name",
      { executors: ["local", { package: "@acme/fargate", name: "cloud", options: { region: "eu-1" } }] },
      [{ name: "local" }, { name: "cloud", package: "@acme/fargate", options: { region: "eu-1" } }],
    ],
  ])("%s", async (_title, overrides, expected) => {
    expect(await choose(overrides)).toMatchObject(expected);
  });

  test("the environment gives names with commas, or JSON", async () => {
    expect(await choose({}, { TRADEWIND__EXECUTORS: "local, bullmq" })).toMatchObject([{ name: "local" }, { name: "bullmq" }]);
    expect(await choose({}, { TRADEWIND__EXECUTOR: '{"package":"@acme/x","options":{"a":1}}' })).toMatchObject([{ name: "x", options: { a: 1 } }]);
  });

  test("queues are sent to executors, from a file or the environment", async () => {
    const both = { executors: ["local", "bullmq"] };
    expect((await load({ ...both, queues: { gpu: "bullmq" } })).queues).toEqual({ gpu: "bullmq" });
    expect((await load(both, { TRADEWIND__QUEUES: "gpu=bullmq, quick=local" })).queues).toEqual({ gpu: "bullmq", quick: "local" });
    expect((await load(both, { TRADEWIND__QUEUES: '{"gpu":"bullmq"}' })).queues).toEqual({ gpu: "bullmq" });
  });
});

describe("what is refused", () => {
  test.each([
    [
      "a queue of an unknown executor",
      { queues: { gpu: "kubernetes" } },
      'the queue "gpu" is sent to the executor "kubernetes", which is not one of this installation\'s (local)',
    ],
    ["the same name twice", { executors: ["local", "./local.ts"] }, '"local" is in the list twice'],
    ["no executor at all", { executors: [] }, "executors"],
    ["what no package can be called", { executor: "My Executor" }, "executor: "],
    ["a key that no executor has", { executor: { package: "x", option: {} } }, "executor: "],
    ["a map that is none", { queues: "gpu" }, "queues: expected record"],
  ])("%s", async (_title, overrides, message) => {
    await expect(load(overrides)).rejects.toThrow(message);
  });
});

describe("where Redis is", () => {
  test.each([
    "redis://localhost:6379/0",
    "redis://user:p%40ss@redis.example.com:6380",
    "rediss://:secret@10.0.0.1/2",
    "redis+sentinel://:pw@a:26379,b:26379,c/mymaster/1",
    "rediss+cluster://u:p@a:6379,b:6379",
  ])("%s", async (url) => {
    writeFileSync(join(folder, "redis-url"), `${url}\n`);
    expect((await load({}, { TRADEWIND__REDIS__URL: url })).redis.url).toBe(url);
    expect((await load({}, { TRADEWIND__REDIS__URL_FILE: "redis-url" })).redis.url).toBe(url);
  });

  test.each(["localhost:6379", "http://localhost", "redis://a:1,b:2/0", "redis+sentinel://a:26379", "redis+cluster://a:1/mymaster"])(
    "not %s",
    async (url) => {
      await expect(load({ "redis.url": url })).rejects.toThrow("redis.url: expected redis://host:port/db");
    },
  );

  test("files of certificates are found from the folder that names them", async () => {
    expect((await load({ "redis.tlsCaFile": "ca.pem" })).redis).toMatchObject({ tlsCaFile: join(folder, "ca.pem"), tlsKeyFile: null });
  });
});
