import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";

const program = fileURLToPath(new URL("fixtures/stopping-process.ts", import.meta.url));
let child: ChildProcess;
afterEach(() => void child.kill("SIGKILL"));

function start(mode: string) {
  const started = spawn(process.execPath, [program, mode], { stdio: ["ignore", "pipe", "inherit"] });
  child = started;
  let output = "";
  const ended = new Promise<{ code: number | null; lines: string[] }>((resolve) =>
    started.once("close", (code) => resolve({ code, lines: output.trim().split("\n") })),
  );
  const listeners = new Set<() => void>();
  started.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    for (const listener of listeners) listener();
  });
  const printed = (text: string) =>
    new Promise<void>((resolve) => {
      const look = () => output.includes(text) && resolve();
      listeners.add(look);
      look();
    });
  return { process: started, ended, printed };
}

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s stops everything, newest first, one after the other", async (signal) => {
  const run = start("well");
  await run.printed("ready");
  run.process.kill(signal);
  expect(await run.ended).toEqual({
    code: 0,
    lines: ["ready", "stopping", "server stopped, aborted: true", "engine stopping", "engine stopped", "database stopped"],
  });
});

test("the same Ctrl-C delivered three times is one request", async () => {
  const run = start("well");
  await run.printed("ready");
  for (let times = 0; times < 3; times += 1) run.process.kill("SIGINT");
  const { code, lines } = await run.ended;
  expect(code).toBe(0);
  expect(lines.at(-1)).toBe("database stopped");
});

test("a second signal ends the process at once", async () => {
  const run = start("slow");
  await run.printed("ready");
  run.process.kill("SIGINT");
  await run.printed("engine stopping");
  await sleep(600); // longer than repeats of one request may be apart: the rule under test is about time
  run.process.kill("SIGINT");
  const { code, lines } = await run.ended;
  expect(code).toBe(130);
  expect(lines.at(-1)).toBe("asked twice to stop; ending now");
});

test("a part that fails keeps no other from stopping, and the exit code tells", async () => {
  const run = start("failing");
  await run.printed("ready");
  run.process.kill("SIGTERM");
  const { code, lines } = await run.ended;
  expect(code).toBe(1);
  expect(lines.slice(-2)).toEqual(["could not be stopped cleanly", "database stopped"]);
});

test("a part that does not stop is not waited for beyond the bound", async () => {
  const run = start("stuck");
  await run.printed("ready");
  run.process.kill("SIGTERM");
  const { code, lines } = await run.ended;
  expect(code).toBe(1);
  expect(lines.at(-1)).toBe("did not stop in time; ending anyway");
});

test("a process may end itself with a code of its own", async () => {
  const { code, lines } = await start("itself").ended;
  expect(code).toBe(4);
  expect(lines.at(-1)).toBe("database stopped");
});
