import { describe, expect, test } from "vitest";
import { builder, run, runCount, type Transaction } from "../src/database-handle.ts";
import { commitAlong, transaction } from "../src/database.ts";
import { isForeignKeyViolation, isUniqueViolation } from "../src/retryable-errors.ts";
import { startPrivateServer, useTestDatabase } from "../src/testing/index.ts";

const database = useTestDatabase();

describe("values", () => {
  test("bigint is a number, in columns, counts and arrays; timestamptz is a Date; date is text", async () => {
    const [row] = await run(database.db, {
      text: "select 9007199254740991::bigint as id, count(*) as rows, $1::bigint[] as ids, $2::timestamptz as at, '2026-03-29'::date as day from pool",
      values: [[1, null, 3], new Date("2026-03-29T01:00:00.123Z")],
    });
    expect(row).toEqual({ id: 9007199254740991, rows: 1, ids: [1, null, 3], at: new Date("2026-03-29T01:00:00.123Z"), day: "2026-03-29" });
  });

  test("a bigint that a number cannot hold is refused, not rounded", async () => {
    await expect(run(database.db, { text: "select 9007199254740993::bigint" })).rejects.toThrow(/9007199254740993/);
    expect(await run(database.db, { text: "select 1 as fine" })).toEqual([{ fine: 1 }]);
  });
});

describe("hot connections", () => {
  test("have the planner settings that the hot path needs, others do not", async () => {
    const text = "select current_setting('enable_seqscan') || current_setting('enable_hashjoin') || current_setting('enable_mergejoin') as found";
    expect(await run(database.hot, { text })).toEqual([{ found: "offoffoff" }]);
    expect(await run(database.db, { text })).toEqual([{ found: "ononon" }]);
  });

  test("run queries sent together in order, named ones too", async () => {
    const found = await transaction(database.hot, (tx) =>
      Promise.all([
        run(tx, { name: "set-x", text: "select set_config('tradewind.x', $1, true)", values: ["first"] }),
        run<{ x: string }>(tx, { name: "get-x", text: "select current_setting('tradewind.x') as x" }),
        run<{ two: number }>(tx, { text: "select 2 as two" }),
      ]),
    );
    expect(found[1]).toEqual([{ x: "first" }]);
    expect(found[2]).toEqual([{ two: 2 }]);
  });
});

describe("transaction", () => {
  test("builder and raw statements share it, and an error undoes both", async () => {
    const boom = transaction(database.db, async (tx) => {
      await builder(tx).insertInto("variable").values({ key: "a", value: "1" }).execute();
      expect(await runCount(tx, { text: "update variable set value = '2' where key = 'a'" })).toBe(1);
      throw new Error("boom");
    });
    await expect(boom).rejects.toThrow("boom");
    expect(await builder(database.db).selectFrom("variable").selectAll().execute()).toEqual([]);
  });

  test("two that deadlock both end well: the loser is tried again", async () => {
    await run(database.db, { text: "insert into pool (name, slots) values ('p1', 0), ('p2', 0)" });
    const firstLocks = barrier(2);
    const attempts = [0, 0];
    const increment = (me: number, order: readonly string[]): Promise<void> =>
      transaction(database.db, async (tx) => {
        attempts[me] = (attempts[me] ?? 0) + 1;
        await run(tx, { text: "update pool set slots = slots + 1 where name = $1", values: [order[0]] });
        await firstLocks();
        await run(tx, { text: "update pool set slots = slots + 1 where name = $1", values: [order[1]] });
      });
    await Promise.all([increment(0, ["p1", "p2"]), increment(1, ["p2", "p1"])]);
    expect(await run(database.db, { text: "select slots from pool where name in ('p1', 'p2')" })).toEqual([{ slots: 2 }, { slots: 2 }]);
    expect((attempts[0] ?? 0) + (attempts[1] ?? 0)).toBeGreaterThan(2);
  });

  test("a process that stands still in the middle of one holds up the others for a moment only; its own is tried again when it goes on", async () => {
    await run(database.db, { text: "insert into pool (name, slots) values ('held', 0)" });
    const frozen = database.open({ idleInTransactionTimeoutMs: 200 });
    const [locked, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let tries = 0;
    const held = transaction(frozen, async (tx) => {
      tries += 1;
      await run(tx, { text: "update pool set slots = slots + 1 where name = 'held'" });
      locked.resolve();
      if (tries === 1) await goOn.promise;
      return await run(tx, { text: "select slots from pool where name = 'held'" });
    });
    await locked.promise;
    await run(database.db, { text: "update pool set slots = 10 where name = 'held' and slots = 0" });
    goOn.resolve();
    expect(await held).toEqual([{ slots: 11 }]);
    expect(tries).toBe(2);
  });

  test("leaves its locks, where nothing is said, well before leases end", async () => {
    const [{ idle }] = (await run(database.db, {
      text: "select setting::int as idle from pg_settings where name = 'idle_in_transaction_session_timeout'",
    })) as [{ idle: number }];
    expect(idle).toBeGreaterThan(0);
    expect(idle).toBeLessThanOrEqual(5_000);
  });

  test("may send its commit with its last statements: it costs no round trip, and nothing comes behind it", async () => {
    const { hot } = database;
    const set = (value: number) => ({ name: "set_sealed", text: "update pool set slots = $1 where name = 'sealed'", values: [value] });
    await run(database.db, { text: "insert into pool (name, slots) values ('sealed', 0)" });
    const before = hot.traffic.roundTrips;
    const late = await transaction(hot, async (tx) => {
      const changed = runCount(tx, set(1));
      commitAlong(tx);
      expect(await changed).toBe(1);
      return await runCount(tx, set(2)).catch((error: Error) => error.message);
    });
    expect(late).toBe('The transaction is over: "set_sealed" was not sent.');
    expect(hot.traffic.roundTrips - before).toBe(1);
    expect(await run(database.db, { text: "select slots from pool where name = 'sealed'" })).toEqual([{ slots: 1 }]);
  });

  test("is undone as a whole when a statement fails before a commit that was sent with it, and the connection stays usable", async () => {
    const { hot } = database;
    const failed = transaction(hot, async (tx) => {
      const statements = [
        run(tx, { name: "sealed_insert", text: "insert into variable (key, value) values ('sealed', '1')" }),
        run(tx, { name: "sealed_failure", text: "select 1/0" }),
      ];
      commitAlong(tx);
      await Promise.all(statements);
    });
    await expect(failed).rejects.toThrow("division by zero");
    const swallowed = transaction(hot, async (tx) => {
      await run(tx, { name: "sealed_failure", text: "select 1/0" }).catch(() => undefined);
      commitAlong(tx);
    });
    await expect(swallowed).rejects.toThrow(/rolled back|aborted/);
    expect(await run(hot, { name: "sealed_none", text: "select key from variable where key = 'sealed'" })).toEqual([]);
  });

  test("is undone as a whole when a statement before the commit could not be sent at all: nothing is committed without it", async () => {
    const { hot } = database;
    const failed = transaction(hot, async (tx) => {
      const statements = [
        run(tx, { name: "unsent_insert", text: "insert into variable (key, value) values ('unsent', '1')" }),
        run(tx, { name: "unsent_date", text: "select $1::timestamptz", values: [new Date(Number.NaN)] }),
      ];
      commitAlong(tx);
      await Promise.all(statements);
    });
    await expect(failed).rejects.toThrow("Invalid time value");
    expect(await run(hot, { name: "unsent_none", text: "select key from variable where key = 'unsent'" })).toEqual([]);
  });

  test.each([
    ["by what is refused behind it", (tx: Transaction) => run(tx, { name: "behind_conflict", text: "select 1" })],
    ["by the commit", async () => []],
    ["by a commit that was sent", async (tx: Transaction) => (commitAlong(tx), [])],
  ])("a conflict that nobody waits for is tried again all the same: it is heard of %s", async (_how, then) => {
    let tries = 0;
    await transaction(database.hot, async (tx) => {
      tries += 1;
      if (tries > 1) return [];
      const conflict = { name: "conflict", text: "do $$ begin raise exception 'lost' using errcode = '40001'; end $$" };
      await run(tx, conflict).catch(() => undefined);
      return then(tx);
    });
    expect(tries).toBe(2);
    await expect(transaction(database.hot, (tx) => run(tx, { name: "after_conflict", text: "select 1/0" }))).rejects.toThrow("division by zero");
  });

  test("a swallowed error does not pass for a commit", async () => {
    const swallowed = transaction(database.db, async (tx) => {
      await run(tx, { text: "insert into variable (key, value) values ('lost', '1')" });
      await run(tx, { text: "select 1/0" }).catch(() => undefined);
    });
    await expect(swallowed).rejects.toThrow(/rolled back/);
  });

  test("other errors are thrown as they came, at once, and the connection stays usable", async () => {
    let tries = 0;
    const duplicate = transaction(database.db, async (tx) => {
      tries += 1;
      await run(tx, { text: "insert into pool (name, slots) values ('default_pool', 1)" });
    });
    const error: unknown = await duplicate.catch((thrown: unknown) => thrown);
    expect(isUniqueViolation(error, "pool_pkey")).toBe(true);
    expect(isUniqueViolation(error, "another_constraint")).toBe(false);
    expect(isForeignKeyViolation(error)).toBe(false);
    expect(tries).toBe(1);
  });
});

describe("a restart of the server", () => {
  test.each(["fast", "immediate", "kill"] as const)("by %s: transactions under way are tried again, none is lost or done twice", async (mode) => {
    await using server = await startPrivateServer();
    await using own = await server.createDatabase();
    let isRunning = true;
    let done = 0;
    const firstDone = Promise.withResolvers<void>();
    // Guarded by the value it expects: a repetition after a lost acknowledgement changes nothing.
    const increment = async (expected: number): Promise<void> => {
      await transaction(
        own.hot,
        (tx) => runCount(tx, { name: "inc", text: "update pool set slots = $1 + 1 where name = 'default_pool' and slots = $1", values: [expected] }),
        { retry: { maxAttempts: 100 } },
      );
    };
    await run(own.db, { text: "update pool set slots = 0" });
    const load = (async () => {
      for (; isRunning; done += 1) {
        await increment(done);
        firstDone.resolve();
      }
    })();
    await firstDone.promise;
    await server.postgres.restart({ mode });
    const doneAtRestart = done;
    await expect.poll(() => done, { timeout: 20_000 }).toBeGreaterThan(doneAtRestart + 10);
    isRunning = false;
    await load;
    expect(await run(own.db, { text: "select slots from pool" })).toEqual([{ slots: done }]);
  });
});

/** Everybody waits for everybody, the first time; later calls pass. */
function barrier(parties: number): () => Promise<void> {
  const open = Promise.withResolvers<void>();
  let arrived = 0;
  return async () => {
    arrived += 1;
    if (arrived >= parties) open.resolve();
    await open.promise;
  };
}
