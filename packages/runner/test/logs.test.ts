import { expect, test } from "vitest";
import { startHost } from "./host-fixture.ts";

test("stdout, stderr and log keep their order, with levels and fields", async () => {
  const { run } = await startHost(`
    dag.task("talk", async () => {
      const { log } = getContext();
      console.log("one");
      log.info({ n: 2 }, "two");
      process.stdout.write("thr");
      process.stdout.write("ee\\n");
      console.error("four");
      log.warn("five");
      process.stdout.write("six without an end");
    })();`);
  const { lines, logClosed } = await run("talk");
  expect(lines.map(({ stream, level, message }) => [stream, level, message])).toEqual([
    ["stdout", "info", "one"],
    ["log", "info", "two"],
    ["stdout", "info", "three"],
    ["stderr", "error", "four"],
    ["log", "warn", "five"],
    ["stdout", "info", "six without an end"],
  ]);
  expect(lines[1]!.fields).toEqual({ n: 2 });
  expect(logClosed).toBe(true);
});

test("what a program prints that the task started belongs to the attempt, and the next attempt starts with a clean log", async () => {
  const { run } = await startHost(`
    dag.task("shell", async () => { const { execSync } = await import("node:child_process"); execSync("echo from a shell", { stdio: "inherit" }); return process.pid; })();
    dag.task("next", async () => { console.log("mine"); return process.pid; })();`);
  const shell = await run("shell");
  const next = await run("next");
  expect(shell.lines.map((line) => line.message)).toEqual(["from a shell"]);
  expect(next.lines.map((line) => line.message)).toEqual(["mine"]);
  expect(next.finish!.outcome).toEqual(shell.finish!.outcome);
});

test("secrets that an attempt fetched are masked in what it prints, logs and throws", async () => {
  const { peer, run } = await startHost(`
    dag.task("leak", async () => {
      const client = getClient();
      console.log("before hunter2");
      const db = await client.connections.get("db");
      await client.variables.get("api_key");
      await client.variables.get("plain");
      process.stdout.write("url postgres://u:hun");
      process.stdout.write("ter2@db and " + db.extra.token + "\\n");
      getContext().log.info({ nested: { password: "hunter2" } }, "key s3cr3t!");
      console.log("plain visible");
      throw new Error("can't log in with hunter2");
    })();`);
  peer.connections.set("db", {
    connectionId: "db",
    connType: "postgres",
    description: null,
    host: "db",
    port: null,
    login: "u",
    password: "hunter2",
    schema: null,
    extra: { token: "tok-123", region: "eu" },
  });
  peer.variables.set("api_key", "s3cr3t!").set("plain", "visible");
  const attempt = await run("leak");
  const [before, url, logged, plain] = attempt.lines;
  expect(before!.message).toBe("before hunter2");
  expect(url!.message).toBe("url postgres://u:***@db and ***");
  expect(logged).toMatchObject({ message: "key ***", fields: { nested: { password: "***" } } });
  expect(plain!.message).toBe("plain visible");
  expect(JSON.stringify(attempt.finish)).not.toContain("hunter2");
  expect(attempt.lines.at(-1)!.message).toContain("can't log in with ***");
});

test("a flood of output is bounded, says what is missing, and the attempt ends well", async () => {
  const { peer, run } = await startHost(`
    dag.task("flood", async () => { for (let i = 0; i < 300_000; i++) console.log("line " + i + " " + "x".repeat(60)); return "done"; })();`);
  const attempt = await run("flood");
  expect(attempt.finish!.outcome).toEqual({ kind: "success", result: '"done"' });
  const printed = attempt.lines.filter((line) => line.stream === "stdout").length;
  const dropped = attempt.lines
    .filter((line) => line.stream === "system")
    .reduce((sum, line) => sum + Number(/^(\d+) lines dropped/u.exec(line.message)?.[1] ?? 0), 0);
  expect(printed + dropped).toBe(300_000);
  expect(attempt.logClosed).toBe(true);
  expect(peer.requests.get("logs")).toBeLessThan(1_000);
});

test("a log ends at its limit: later lines are counted, and the attempt goes on", async () => {
  const { run } = await startHost(
    `dag.task("talk", async () => { for (let i = 0; i < 1_000; i++) console.log("line " + i + " " + "x".repeat(90)); return "done"; })();`,
    {
      maxLogBytes: 10_000,
    },
  );
  const attempt = await run("talk");
  expect(attempt.finish!.outcome).toEqual({ kind: "success", result: '"done"' });
  const printed = attempt.lines.filter((line) => line.stream === "stdout").length;
  expect(printed).toBeGreaterThan(90);
  expect(printed).toBeLessThan(110);
  expect(attempt.lines.at(-1)).toMatchObject({
    stream: "system",
    message: expect.stringContaining(`${1_000 - printed} lines after that were dropped`),
  });
});

test("log lines survive an outage of the server, once each", async () => {
  const { peer, run } = await startHost(`
    dag.task("talk", async () => { for (let i = 0; i < 20; i++) { console.log("line " + i); await new Promise((r) => setTimeout(r, 30)); } })();`);
  peer.refuseWith = { status: 503, routes: ["logs"] };
  setTimeout(() => (peer.refuseWith = null), 800);
  const attempt = await run("talk");
  expect(attempt.lines.map((line) => line.message)).toEqual(Array.from({ length: 20 }, (_, i) => `line ${i}`));
});
