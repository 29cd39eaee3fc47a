import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { openDatabase, openHotDatabase, transaction } from "../src/database.ts";
import { run } from "../src/database-handle.ts";
import { createEmptyDatabase } from "./empty-database.ts";

async function makeHot(maxConnections = 1) {
  const { url, drop } = await createEmptyDatabase();
  onTestFinished(drop);
  const hot = openHotDatabase({ url, maxConnections });
  onTestFinished(() => hot.close());
  return { hot, url };
}

test("values arrive as they were sent, alone and in arrays", async () => {
  const { hot } = await makeHot();
  const at = new Date("2026-03-29T01:30:00.123Z");
  const texts = ["plain", "", "NULL", 'a "quoted" \\ one', "{braces, comma}", "two\nlines", "💨 ü", null];
  const rows = await transaction(hot, (tx) =>
    run<Record<string, unknown>>(tx, {
      name: "values_as_sent",
      text: `select $1::text as text, $2::bigint as number, $3::boolean as flag, $4::timestamptz as at, $5::text[] as texts, $6::bigint[] as numbers, $7::timestamptz[] as instants,
        $8::boolean[] as flags, $9::bytea as bytes, $10::json as json, $11::text as nothing, $12::uuid[] as ids, $13::bytea[] as more_bytes, $14::float8[] as floats`,
      values: [
        'a "quoted" \\ one',
        2 ** 40,
        false,
        at,
        texts,
        [1, null, -3],
        [at, null],
        [true, false, null],
        Buffer.from([0, 1, 255]),
        JSON.stringify({ a: [1] }),
        null,
        ["019ac000-0000-7000-8000-000000000001"],
        [Buffer.from([0, 255])],
        [0.1, 1e300],
      ],
    }),
  );
  expect(rows).toEqual([
    {
      text: 'a "quoted" \\ one',
      number: 2 ** 40,
      flag: false,
      at,
      texts,
      numbers: [1, null, -3],
      instants: [at, null],
      flags: [true, false, null],
      bytes: Buffer.from([0, 1, 255]),
      json: { a: [1] },
      nothing: null,
      ids: ["019ac000-0000-7000-8000-000000000001"],
      more_bytes: [Buffer.from([0, 255])],
      floats: [0.1, 1e300],
    },
  ]);
});

test("statements of one turn run in order, each gets its own answer, and no rows of another", async () => {
  const { hot } = await makeHot();
  for (let round = 0; round < 3; round += 1) {
    const answers = await transaction(hot, async (tx) => {
      const insert = run(tx, { name: "make", text: "create temporary table if not exists t (n int)" });
      const rows = Array.from({ length: 20 }, (_, n) =>
        run<{ n: number }>(tx, { name: "put", text: "insert into t values ($1) returning n", values: [n] }),
      );
      const none = run(tx, { name: "none", text: "select n from t where n < 0" });
      const wide = run<{ a: string; b: number }>(tx, { name: "wide", text: "select 'x' as a, count(*) as b from t" });
      return Promise.all([insert, ...rows, none, wide]);
    });
    expect(answers).toEqual([[], ...Array.from({ length: 20 }, (_, n) => [{ n }]), [], [{ a: "x", b: 20 * (round + 1) }]]);
  }
});

test("when one fails, those behind it fail with the same error, nothing is kept, and the connection goes on", async () => {
  const { hot } = await makeHot();
  await transaction(hot, (tx) => run(tx, { name: "make", text: "create table t (n int primary key)" }));
  const failed = transaction(hot, (tx) =>
    Promise.allSettled([
      run(tx, { name: "one", text: "insert into t values (1)" }),
      run(tx, { name: "broken", text: "select 1 / $1::int", values: [0] }),
      run(tx, { name: "never_parsed", text: "insert into t values (2)" }),
    ]).then((results) => {
      expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "rejected"]);
      throw (results[2] as PromiseRejectedResult).reason;
    }),
  );
  await expect(failed).rejects.toThrow("division by zero");
  // The statement behind the failed one was not parsed, and is now.
  await transaction(hot, (tx) => run(tx, { name: "never_parsed", text: "insert into t values (2)" }));
  const rows = await transaction(hot, (tx) => run(tx, { name: "all", text: "select n from t" }));
  expect(rows).toEqual([{ n: 2 }]);
});

test("a value that cannot be sent fails its statement, and the connection goes on", async () => {
  const { hot } = await makeHot();
  const at = (value: Date) => ({ name: "instant", text: "select $1::timestamptz as at", values: [value] });
  const sent = transaction(hot, (tx) => Promise.all([run(tx, { name: "before", text: "select 1" }), run(tx, at(new Date(Number.NaN)))]));
  await expect(sent).rejects.toThrow(RangeError);
  const now = new Date("2026-03-29T01:30:00Z");
  expect(await transaction(hot, (tx) => run(tx, at(now)))).toEqual([{ at: now }]);
});

test("statements that another query of the connection has prepared are not prepared twice, in either order", async () => {
  const { hot } = await makeHot();
  const first = { name: "first_outside", text: "select 1 as n" };
  const second = { name: "first_inside", text: "select 2 as n" };
  expect(await run(hot, first)).toEqual([{ n: 1 }]);
  expect(await transaction(hot, (tx) => Promise.all([run(tx, first), run(tx, second), run(tx, second)]))).toEqual([
    [{ n: 1 }],
    [{ n: 2 }],
    [{ n: 2 }],
  ]);
  expect(await run(hot, second)).toEqual([{ n: 2 }]);
});

test("a transaction that is over takes nothing more", async () => {
  const { hot } = await makeHot();
  let late: Promise<unknown> | undefined;
  await transaction(hot, async (tx) => {
    await run(tx, { name: "one", text: "select 1" });
    late = new Promise((resolve) => setImmediate(resolve)).then(() => run(tx, { name: "late", text: "select 2" }));
    late.catch(() => undefined);
  });
  await expect(late).rejects.toThrow(/transaction is over.*late/u);
});

test("begin and the first statements are one message to the server, and one without a statement changes nothing", async () => {
  const { hot, url } = await makeHot();
  expect(await transaction(hot, async () => "nothing")).toBe("nothing");
  const watcher = new pg.Client(url);
  await watcher.connect();
  onTestFinished(() => watcher.end());
  const seen = await transaction(hot, async (tx) => {
    await run(tx, { name: "touch", text: "select pg_current_xact_id()" });
    return (
      await watcher.query(
        "select count(*)::int as open from pg_stat_activity where application_name = 'tradewind hot' and state = 'idle in transaction'",
      )
    ).rows;
  });
  expect(seen).toEqual([{ open: 1 }]);
});

test("a server that goes away fails what is under way, and the next try is a new connection", async () => {
  const { hot, url } = await makeHot();
  const killer = openDatabase({ url });
  onTestFinished(() => killer.close());
  let tries = 0;
  const result = await transaction(hot, async (tx) => {
    tries += 1;
    const [row] = await run<{ pid: number }>(tx, { name: "pid", text: "select pg_backend_pid() as pid" });
    if (tries === 1) await run(killer, { text: "select pg_terminate_backend($1)", values: [row!.pid] });
    await Promise.all([run(tx, { name: "one", text: "select 1" }), run(tx, { name: "two", text: "select 2" })]);
    return row!.pid;
  });
  expect(tries).toBe(2);
  expect(result).toBeGreaterThan(0);
});
