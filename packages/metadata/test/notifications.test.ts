import { describe, expect, onTestFinished, test, vi } from "vitest";
import { run } from "../src/database-handle.ts";
import type { Database } from "../src/database.ts";
import { listen, type ListenEvent, type ListenOptions } from "../src/listen.ts";
import { createNotifier } from "../src/notifier.ts";
import { startPrivateServer, useTestDatabase } from "../src/testing/index.ts";

const database = useTestDatabase();

async function startListening(db: Database, channel: string, options: ListenOptions = {}) {
  const events: ListenEvent[] = [];
  const listener = listen(db, channel, (event) => events.push(event), options);
  onTestFinished(() => listener.close());
  await listener.ready;
  const kinds = (): string[] => events.flatMap((event) => (event.type === "notification" ? event.kinds : []));
  const resyncs = (): number => events.filter((event) => event.type === "resync").length;
  return { events, listener, kinds, resyncs };
}

function startNotifier(db: Database, channel: string, intervalMs?: number) {
  const notifier = createNotifier(db, { channel, intervalMs });
  onTestFinished(() => notifier.close());
  return notifier;
}

describe("listen and notify", () => {
  test("a listener is told to look at everything first, then what happens", async () => {
    const { events, kinds } = await startListening(database.db, "basic");
    expect(events).toEqual([{ type: "resync" }]);
    const notifier = startNotifier(database.db, "basic");
    notifier.notify("task_ready", "run_created");
    await vi.waitFor(() => expect(kinds()).toEqual(["task_ready", "run_created"]));
    expect(events[1]).toMatchObject({ origin: notifier.origin });
  });

  test("channels are apart, and a process need not hear itself", async () => {
    const mine = startNotifier(database.db, "own");
    const { events, kinds } = await startListening(database.db, "own", { ignoreOrigin: mine.origin });
    mine.notify("from-me");
    startNotifier(database.db, "elsewhere").notify("other-channel");
    await mine.flush();
    startNotifier(database.db, "own").notify("from-another");
    await vi.waitFor(() => expect(kinds()).toEqual(["from-another"]));
    expect(events).toHaveLength(2);
  });

  test("a thousand notifications in one turn are one NOTIFY with each kind once", async () => {
    const { events, kinds } = await startListening(database.db, "many");
    const notifier = startNotifier(database.db, "many");
    for (let count = 0; count < 1_000; count += 1) notifier.notify(count % 2 === 0 ? "even" : "odd");
    await vi.waitFor(() => expect(kinds()).toEqual(["even", "odd"]));
    expect(events).toHaveLength(2);
  });

  test("what comes within the interval waits for its end and goes together", async () => {
    const { events, kinds } = await startListening(database.db, "paced");
    const notifier = startNotifier(database.db, "paced", 60_000);
    notifier.notify("first");
    await vi.waitFor(() => expect(kinds()).toEqual(["first"]));
    notifier.notify("second");
    notifier.notify("third");
    // A round trip later nothing was sent: the interval holds it back, until somebody asks.
    await run(database.db, { text: "select 1" });
    expect(kinds()).toEqual(["first"]);
    await notifier.flush();
    await vi.waitFor(() => expect(kinds()).toEqual(["first", "second", "third"]));
    expect(events).toHaveLength(3);
  });

  test("more kinds than fit into a payload become: look at everything", async () => {
    const { kinds, resyncs } = await startListening(database.db, "big");
    const notifier = startNotifier(database.db, "big");
    notifier.notify(...Array.from({ length: 1_000 }, (_, place) => `kind-number-${place}`));
    await vi.waitFor(() => expect(resyncs()).toBe(2));
    expect(kinds()).toEqual([]);
  });

  test("close sends what is left", async () => {
    const { kinds } = await startListening(database.db, "close");
    const notifier = createNotifier(database.db, { channel: "close", intervalMs: 60_000 });
    notifier.notify("a");
    await notifier.flush();
    notifier.notify("b");
    await notifier.close();
    await vi.waitFor(() => expect(kinds()).toEqual(["a", "b"]));
  });

  test("a kind with a comma is refused", () => {
    expect(() => startNotifier(database.db, "bad").notify("a,b")).toThrow(/without commas/);
  });
});

describe("a broken connection", () => {
  test("a listener whose backend is killed comes back and says that something may be missing", async () => {
    const onError = vi.fn<(error: unknown) => void>();
    const { listener, kinds, resyncs } = await startListening(database.open({ applicationName: "victim" }), "killed", { onError });
    await run(database.db, {
      text: "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'victim' and datname = current_database()",
    });
    await vi.waitFor(() => expect(resyncs()).toBe(2), { timeout: 10_000 });
    expect(onError).toHaveBeenCalled();
    expect(listener.isConnected).toBe(true);
    startNotifier(database.db, "killed").notify("still-here");
    await vi.waitFor(() => expect(kinds()).toEqual(["still-here"]));
  });

  test("while the server is down notifications are kept, and go out when it is back", async () => {
    await using server = await startPrivateServer();
    await using own = await server.createDatabase();
    const { kinds, resyncs } = await startListening(own.db, "restart");
    const notifier = startNotifier(own.db, "restart");
    const restarted = server.postgres.restart({ mode: "immediate", pauseMs: 300 });
    await vi.waitFor(() => expect(own.db.connections.total).toBe(0));
    notifier.notify("during");
    await restarted;
    await vi.waitFor(() => expect(resyncs()).toBe(2), { timeout: 20_000 });
    await vi.waitFor(
      () => {
        notifier.notify("after");
        expect(kinds()).toContain("after");
      },
      { timeout: 20_000 },
    );
    await notifier.flush();
  });
});
