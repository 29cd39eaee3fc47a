import type { AttemptGrant } from "@tradewind/contract";
import { onTestFinished, expect, test } from "vitest";
import type { HostChange, RunnerHostOptions } from "../src/index.ts";
import { startHost, until } from "./host-fixture.ts";

/** Attempts that the server has begun on a host which did not ask for them: a message tells of them, which may be late or lost. */
const TASKS = `
  dag.task("one", async () => { console.log("begun"); return 1; })();
  dag.task("endless", async () => { console.log("begun"); await new Promise(() => setInterval(() => {}, 1000)); })();`;

async function setUp(options: Partial<RunnerHostOptions> & { leaseMs?: number } = {}) {
  const changes: HostChange[] = [];
  const fixture = await startHost(TASKS, { onChange: (change) => void changes.push(change), ...options });
  const { peer, host } = fixture;
  const bundleSha256 = [...peer.bundles.keys()][0]!;
  /** Begun by the server; the host is yet to hear of it. */
  const begun = (taskId: string) => peer.begin(peer.addAttempt({ dagId: "d", taskId, bundleSha256 }));
  const end = ({ attemptId }: AttemptGrant) => until(() => peer.get(attemptId).state === "ended", `the end of ${attemptId}`);
  /** How often the task's function was called. */
  const begins = async ({ attemptId }: AttemptGrant) => {
    await host.logsSent(AbortSignal.timeout(15_000));
    return peer.get(attemptId).lines.filter(({ message }) => message === "begun").length;
  };
  const ended = () => changes.flatMap((change) => change.ended);
  return { ...fixture, begun, end, begins, ended };
}

const now = () => performance.now();

test("what the server began runs without being asked for, and its end is told", async () => {
  const { peer, host, begun, end } = await setUp();
  const before = peer.requests.get("exchange") ?? 0;
  const grant = begun("one");
  host.begin([grant], now());
  expect(host.list()).toEqual({ waiting: [], running: [grant.attemptId] });
  await end(grant);
  expect(peer.get(grant.attemptId).finish!.outcome).toEqual({ kind: "success", result: "1" });
  expect(peer.requests.get("exchange")).toBe(before + 1);
});

test("what it was not told of runs when it asks, once: a message that comes then begins nothing, whether it runs or has ended", async () => {
  const { peer, host, begun, end, begins } = await setUp();
  const [quick, long] = [begun("one"), begun("endless")];
  await host.catchUp();
  expect(host.list().running.sort()).toEqual([quick.attemptId, long.attemptId].sort());
  await end(quick);
  await until(() => host.load().running === 1, "that it is done with it");
  host.begin([quick, long], now());
  expect(host.list().running).toEqual([long.attemptId]);
  await until(() => peer.text(long.attemptId).includes("begun"), "the begin of the other");
  expect([await begins(quick), await begins(long), peer.get(quick.attemptId).finishes]).toEqual([1, 1, 1]);
});

test("a message that comes while the host is asking is the one that counts, and the answer begins nothing", async () => {
  const { peer, host, begun, end, begins } = await setUp();
  const grant = begun("one");
  peer.exchangeTakesMs = 300;
  const catchingUp = host.catchUp();
  await until(() => (peer.requests.get("exchange") ?? 0) > 0, "the question");
  host.begin([grant], now());
  await catchingUp;
  await end(grant);
  expect(peer.known).toEqual([[]]);
  expect([await begins(grant), peer.get(grant.attemptId).finishes]).toEqual([1, 1]);
});

test("one whose lease is about to end as it is told of is not run; whoever told of it hears that it is gone", async () => {
  const { peer, host, begun, begins, ended } = await setUp({ leaseMs: 4_000 });
  const grant = begun("one");
  host.begin([grant], now() - 3_500);
  expect(host.load().running).toBe(0);
  await until(() => ended().includes(grant.attemptId), "the news");
  expect([await begins(grant), peer.get(grant.attemptId).finishes]).toEqual([0, 0]);
});

test("its lease counts from when the server made it, and what was killed at its end is not begun again", async () => {
  const { peer, host, begun, begins } = await setUp({ leaseMs: 2_000 });
  const grant = begun("endless");
  peer.refuseWith = { status: 503, routes: ["heartbeat"] };
  host.begin([grant], now() - 1_000);
  await host.empty();
  // It was given a second less than the server had given it.
  expect(now()).toBeLessThan(peer.get(grant.attemptId).leaseEndsAt - 500);
  host.begin([grant], now());
  expect(host.load().running).toBe(0);
  expect(await begins(grant)).toBeLessThanOrEqual(1);
});

test("a host that is stopping gives it back, and it costs no try", async () => {
  const { peer, host, begun, deliver } = await setUp();
  const running = deliver("endless");
  await until(() => peer.text(running).includes("begun"), "the begin");
  const stopping = host.stop({ drain: true, timeoutMs: 1_000 });
  onTestFinished(() => stopping);
  const grant = begun("one");
  host.begin([grant], now());
  await until(() => peer.get(grant.attemptId).finish !== null, "its end");
  expect(peer.get(grant.attemptId).finish!.outcome).toMatchObject({ kind: "reschedule", resumeAfterMs: 0 });
});

test("asking waits for a server that is away, goes on at once when it is asked again, and is given up with the host", async () => {
  const { peer, host, begun, end } = await setUp();
  const grant = begun("one");
  peer.refuseWith = { status: 503, routes: ["exchange"] };
  const first = host.catchUp();
  await until(() => peer.requests.get("exchange")! > 2, "repetitions");
  peer.refuseWith = null;
  await Promise.all([first, host.catchUp()]);
  await end(grant);
  peer.refuseWith = { status: 503, routes: ["exchange"] };
  const never = host.catchUp().catch((error: unknown) => String(error));
  await host.stop({ drain: false, timeoutMs: 0 });
  expect(await never).toContain("the host stops");
});
