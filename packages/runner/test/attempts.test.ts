import { describe, expect, test } from "vitest";
import { startHost, until } from "./host-fixture.ts";

describe("outcomes", () => {
  test("a result travels as JSON text with its length", async () => {
    const { run } = await startHost(`
      dag.task("list", async () => [1, 2, 3])();
      dag.task("nothing", async () => {})();
      dag.task("greet", async ({ name }) => ({ hello: name }))({ name: "x" });`);
    expect((await run("list")).finish!.outcome).toEqual({ kind: "success", result: "[1,2,3]", resultLength: 3 });
    expect((await run("nothing")).finish!.outcome).toEqual({ kind: "success" });
    expect((await run("greet", { inputs: { name: "Ada" } })).finish!.outcome).toEqual({
      kind: "success",
      result: '{"hello":"Ada"}',
      resultLength: 1,
    });
  });

  test("inputs that are too large for a grant are fetched", async () => {
    const { run } = await startHost(`dag.task("size", async ({ text }) => text.length)({ text: "" });`);
    const attempt = await run("size", { largeInputs: JSON.stringify({ text: "x".repeat(3_000_000) }) });
    expect(attempt.finish!.outcome).toEqual({ kind: "success", result: "3000000" });
  });

  test("what the author throws decides whether there is another try", async () => {
    const { run } = await startHost(`
      dag.task("plain", async () => { throw new TypeError("no such column"); })();
      dag.task("skip", async () => { throw new SkipTask("no rows"); })();
      dag.task("fail", async () => { throw new FailTask("bad key"); })();
      dag.task("wait", async () => { throw new RescheduleTask({ after: "5m", message: "no file yet" }); })();
      dag.task("retry", async () => { throw new RetryTask("limited", { after: "90s" }); })();`);
    const plain = await run("plain");
    expect(plain.finish!.outcome).toMatchObject({
      kind: "failed",
      retryable: true,
      failure: { reason: "error", type: "TypeError", message: "no such column" },
    });
    expect(plain.lines.at(-1)).toMatchObject({ stream: "system", level: "error" });
    expect(plain.lines.at(-1)!.message).toContain("TypeError: no such column");
    expect((await run("skip")).finish!.outcome).toEqual({ kind: "skipped", reason: "no rows" });
    expect((await run("fail")).finish!.outcome).toMatchObject({ kind: "failed", retryable: false });
    const wait = await run("wait");
    expect(wait.finish!.outcome).toEqual({ kind: "reschedule", resumeAfterMs: 300_000, message: "no file yet" });
    expect(wait.lines.at(-1)).toMatchObject({ stream: "system", level: "info", message: "Begins again in 5m: no file yet" });
    expect((await run("retry")).finish!.outcome).toMatchObject({ kind: "failed", retryable: true, retryAfterMs: 90_000 });
  });

  test("a result that is not JSON, or too large, is a clear failure", async () => {
    const { run } = await startHost(
      `dag.task("big_int", async () => ({ n: 1n }))();
       dag.task("huge", async () => "x".repeat(2000))();`,
      { maxResultBytes: 1000 },
    );
    expect((await run("big_int")).finish!.outcome).toMatchObject({ kind: "failed", failure: { message: expect.stringContaining("is not JSON") } });
    expect((await run("huge")).finish!.outcome).toMatchObject({
      kind: "failed",
      retryable: false,
      failure: { message: expect.stringContaining("2002 bytes of JSON, 1000 are allowed") },
    });
  });

  test("a result of several megabytes arrives whole", async () => {
    const { run } = await startHost(`dag.task("big", async () => "é".repeat(3_000_000))();`);
    const { outcome } = (await run("big")).finish!;
    expect(outcome.kind === "success" && JSON.parse(outcome.result!).length).toBe(3_000_000);
  });

  test("many large results at once do not make a request too large for a server", async () => {
    const { peer, host, deliver } = await startHost(`dag.task("big", async () => "x".repeat(3_000_000))();`, { slots: 8 });
    const ids = Array.from({ length: 8 }, () => deliver("big"));
    await host.empty();
    expect(ids.map((id) => peer.get(id).finish!.outcome.kind)).toEqual(ids.map(() => "success"));
    expect(peer.largestBody).toBeLessThan(8_000_000);
  });

  test("a task that the bundle does not have is rejected", async () => {
    const { run } = await startHost(`dag.task("one", async () => 1)();`);
    expect((await run("two")).finish!.outcome).toMatchObject({
      kind: "failed",
      failure: { reason: "rejected", message: expect.stringContaining('no task "two"') },
    });
  });
});

describe("the process", () => {
  test("process.exit ends the attempt with its code, and what was printed is kept", async () => {
    const { run } = await startHost(`dag.task("exit", async () => { console.log("last words"); process.exit(3); })();`);
    const attempt = await run("exit");
    expect(attempt.finish!.outcome).toMatchObject({ kind: "failed", failure: { reason: "exited", exitCode: 3 } });
    expect(attempt.lines[0]).toMatchObject({ message: "last words", stream: "stdout" });
  });

  test("an error that nobody catches fails the attempt, and the process is not used again", async () => {
    const { run } = await startHost(`
      dag.task("stray", async () => { setTimeout(() => { throw new Error("from a timer"); }, 5); await new Promise(() => {}); })();
      dag.task("rejected", async () => { void Promise.reject(new Error("unawaited")); await new Promise(() => {}); })();
      dag.task("pid", async () => process.pid)();`);
    const before = await run("pid");
    expect((await run("stray")).finish!.outcome).toMatchObject({
      kind: "failed",
      failure: { reason: "error", message: expect.stringContaining("from a timer") },
    });
    expect((await run("pid")).finish!.outcome).not.toEqual(before.finish!.outcome);
    expect((await run("rejected")).finish!.outcome).toMatchObject({
      kind: "failed",
      failure: { message: expect.stringContaining("nothing awaited it: unawaited") },
    });
  });

  test("warm children are used again, isolated ones are not", async () => {
    const { run } = await startHost(`dag.task("pid", async () => process.pid)();`);
    const warm = [await run("pid"), await run("pid")].map((one) => one.finish!.outcome);
    expect(warm[0]).toEqual(warm[1]);
    const alone = [await run("pid", { isolation: "process" }), await run("pid", { isolation: "process" })].map((one) => one.finish!.outcome);
    expect(alone[0]).not.toEqual(alone[1]);
    expect(alone).not.toContainEqual(warm[0]);
  });

  test("environment and working directory are as the first attempt found them; leftovers replace the process", async () => {
    const { run } = await startHost(`
      dag.task("mess", async () => { process.env.LEFT = "1"; process.chdir("/"); return process.pid; })();
      dag.task("look", async () => ({ left: process.env.LEFT ?? null, cwd: process.cwd(), pid: process.pid }))();
      dag.task("leak", async () => { setInterval(() => console.log("tick"), 20); return process.pid; })();`);
    const pid = Number(resultOf(await run("mess")));
    expect(resultOf(await run("look"))).toEqual({ left: null, cwd: process.cwd(), pid });
    expect(resultOf(await run("leak"))).toBe(pid);
    expect(resultOf(await run("look"))).not.toMatchObject({ pid });
  });

  test("a task that changes, adds or removes a global is the last one of its process; one that only uses them is not", async () => {
    const { run } = await startHost(`
      globalThis.ofTheModule = 1;
      dag.task("use", async () => { await fetch("data:,x"); new TextDecoderStream(); return process.pid; })();
      dag.task("change", async () => { globalThis.ofTheModule = 2; return process.pid; })();
      dag.task("add", async () => { globalThis.added = 1; return process.pid; })();
      dag.task("remove", async () => { delete globalThis.ofTheModule; return process.pid; })();`);
    const pidOf = async (taskId: string) => resultOf(await run(taskId));
    for (const taskId of ["change", "add", "remove"]) {
      const pid = await pidOf("use");
      expect(await pidOf("use")).toBe(pid);
      expect(await pidOf(taskId)).toBe(pid);
      expect(await pidOf("use")).not.toBe(pid);
    }
  });

  test("author code sees neither tokens nor settings of Tradewind", async () => {
    process.env.TRADEWIND__DATABASE__URL = "postgres://secret";
    process.env.MY_FLAG = "yes";
    process.env.OTHER = "no";
    const { run } = await startHost(`dag.task("env", async () => process.env)();`, { passEnv: ["MY_*", "TRADEWIND__DATABASE__URL"] });
    const env = resultOf(await run("env")) as Record<string, string>;
    expect(env).toMatchObject({ PATH: process.env.PATH, MY_FLAG: "yes" });
    expect(Object.keys(env)).not.toContain("TRADEWIND__DATABASE__URL");
    expect(Object.keys(env)).not.toContain("OTHER");
  });

  test("a bundle whose bytes do not have its hash is not run", async () => {
    const { peer, run } = await startHost(`dag.task("one", async () => 1)();`);
    const sha256 = "a".repeat(64);
    peer.bundles.set(sha256, Buffer.from("export default 1"));
    const attempt = await run("one", { bundleSha256: sha256 });
    expect(attempt.finish!.outcome).toMatchObject({ kind: "failed", failure: { reason: "rejected", message: expect.stringContaining(sha256) } });
  });

  test("a bundle that does not load fails the attempt with the author's error", async () => {
    const { peer, run } = await startHost("");
    const attempt = await run("x", { bundleSha256: peer.addBundle(`throw new Error("at the top");`) });
    expect(attempt.finish!.outcome).toMatchObject({
      kind: "failed",
      failure: { reason: "error", message: "The DAG file could not be imported: at the top" },
    });
  });

  test("commands delivered twice run once, refused ones are dropped", async () => {
    const { peer, host, deliver } = await startHost(`dag.task("one", async () => 1)();`);
    const attemptId = deliver("one");
    host.deliver([peer.get(attemptId).command]);
    await until(() => peer.get(attemptId).state === "ended", "the end");
    host.deliver([peer.get(attemptId).command]);
    await host.empty();
    expect(peer.get(attemptId).finishes).toBe(1);
  });
});

describe("what author code asks", () => {
  test("variables, connections and XComs come from the server", async () => {
    const { peer, run } = await startHost(`
      dag.task("ask", async () => {
        const client = getClient();
        await client.xcom.set("mark", { a: 1 });
        await client.variables.set("made", "here");
        return { known: await client.variables.get("known"), made: await client.variables.get("made"), host: (await client.connections.get("db")).host, mark: await client.xcom.get({ taskId: "ask", key: "mark" }) };
      })();`);
    peer.variables.set("known", "42");
    peer.connections.set("db", {
      connectionId: "db",
      connType: "postgres",
      description: null,
      host: "db.local",
      port: 5432,
      login: "u",
      password: "p",
      schema: null,
      extra: {},
    });
    expect(resultOf(await run("ask"))).toEqual({ known: "42", made: "here", host: "db.local", mark: { a: 1 } });
  });

  test("how tasks of other DAGs stand, for a sensor that waits for them", async () => {
    const { peer, run } = await startHost(`
      const { externalTaskSensor } = await import("tradewind/sensors");
      dag.add(externalTaskSensor("wait", { dagId: "other", taskId: "load", runId: "r", mode: "reschedule", pokeInterval: "90s" }));`);
    const states = (state: string) => ({
      dagFound: true,
      run: { runId: "r", state },
      unknownIds: [],
      tasks: [{ taskId: "load", mapIndex: -1, state }],
    });
    peer.taskStates.set("other", states("running"));
    expect((await run("wait")).finish!.outcome).toMatchObject({ kind: "reschedule", resumeAfterMs: 90_000 });
    peer.taskStates.set("other", states("success"));
    expect((await run("wait")).finish!.outcome).toEqual({ kind: "success" });
  });

  test("progress is told while the task runs", async () => {
    const { peer, deliver } = await startHost(`
      dag.task("work", async () => { getContext().progress({ current: 1, total: 2, message: "half" }); await new Promise((r) => setTimeout(r, 1500)); })();`);
    const attemptId = deliver("work");
    await until(() => peer.get(attemptId).progress.length > 0, "progress");
    expect(peer.get(attemptId)).toMatchObject({ state: "running", progress: [{ fraction: 0.5, message: "half" }] });
  });
});

function resultOf(attempt: { finish: { outcome: { kind: string; result?: string } } | null }): unknown {
  const { outcome } = attempt.finish!;
  if (outcome.kind !== "success") throw new Error(`not a success: ${JSON.stringify(outcome)}`);
  return outcome.result === undefined ? undefined : JSON.parse(outcome.result);
}
