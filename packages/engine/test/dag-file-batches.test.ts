import { createHash } from "node:crypto";
import { canonicalJson, type DagSpec } from "@tradewind/core";
import { findDagSource, listDagWarnings, listImportErrors } from "@tradewind/metadata/rest";
import { run, useTestDatabase } from "@tradewind/metadata/testing";
import { describe, expect, test } from "vitest";
import { dagFileUseCases } from "../src/dag-files/dag-file-use-cases.ts";
import type { LoadedDagFile, RecordedDagFile } from "../src/engine.ts";
import { dagSpec } from "./fixture.ts";

const database = useTestDatabase();
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

const engine = () =>
  dagFileUseCases({ db: database.db, now: () => new Date("2026-01-01T00:00:00Z"), wake() {}, noteChanges() {}, dagsArePausedAtCreation: false });

interface Content {
  code?: string;
  source?: string;
  yields?: boolean;
  spec?: Partial<DagSpec>;
}

function file(
  relativePath: string,
  dagIds: string[],
  { code = relativePath, source = code, yields = false, spec = {} }: Content = {},
): LoadedDagFile {
  const dags = dagIds.map((dagId) => {
    const whole = dagSpec(dagId, [], spec);
    const specJson = canonicalJson(whole);
    return { dagId, exportName: "dag", yields, spec: whole, specJson, specSha256: sha256(specJson) };
  });
  const bundle = { sha256: sha256(code), code, sourceMap: `map of ${source}` };
  return {
    bundleName: "dags",
    relativePath,
    fingerprint: null,
    parseDurationMs: 1,
    resolveFrom: ["/dags", 'C:\\a "b"'],
    result: { ok: true, bundle, source, dags },
  };
}

function broken(relativePath: string): LoadedDagFile {
  const error = { kind: "syntax", message: `${relativePath} is broken`, line: 1, column: null, frame: null, stack: "" };
  return { ...file(relativePath, []), result: { ok: false, error } };
}

/** All of them have to be recorded. */
async function record(...files: LoadedDagFile[]): Promise<RecordedDagFile[]> {
  return (await engine().recordDagFiles(files)).map((outcome) => {
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  });
}

const NOTHING = { changed: [], unchanged: [], stale: [], rejected: [] };
const isNew = (dagId: string, versionNumber = 1) => ({ dagId, versionNumber });

async function dags(...dagIds: string[]) {
  return run<{ dagId: string; file: string; isStale: boolean; hasImportErrors: boolean; version: number; tags: string[] }>(database.db, {
    text: `select d.dag_id as "dagId", f.relative_path as file, d.is_stale as "isStale", d.has_import_errors as "hasImportErrors", v.version_number as version,
        array(select name from dag_tag t where t.dag_id = d.dag_id order by name) as tags
      from dag d join dag_file f on f.id = d.dag_file_id join dag_version v on v.id = d.dag_version_id where d.dag_id = any($1) order by d.dag_id`,
    values: [dagIds],
  });
}

async function importErrors(prefix: string): Promise<string[]> {
  const { items } = await listImportErrors(database.db, { filter: { bundleName: "dags" }, page: { limit: 100, offset: 0, orderBy: [] } });
  return items.flatMap((one) => (one.relativePath.startsWith(prefix) ? [one.stackTrace] : [])).sort();
}

describe("files that are recorded together", () => {
  test("come to what each would have come to", async () => {
    const first = [
      file("one/a.ts", ["one_a"], { spec: { tags: ["x", "y"] } }),
      file("one/b.ts", ["one_b1", "one_b2"]),
      broken("one/c.ts"),
      file("one/d.ts", []),
    ];
    expect(await record(...first)).toEqual([
      { ...NOTHING, changed: [isNew("one_a")] },
      { ...NOTHING, changed: [isNew("one_b1"), isNew("one_b2")] },
      NOTHING,
      NOTHING,
    ]);
    const second = [
      // Another spec from the same code, a DAG less, mended, broken.
      file("one/a.ts", ["one_a"], { spec: { tags: ["y", "z"] } }),
      file("one/b.ts", ["one_b2"]),
      file("one/c.ts", ["one_c"]),
      broken("one/d.ts"),
    ];
    expect(await record(...second)).toEqual([
      { ...NOTHING, changed: [{ ...isNew("one_a", 2), previousSpecJson: expect.stringContaining('"tags":["x","y"]') as string }] },
      { ...NOTHING, unchanged: ["one_b2"], stale: ["one_b1"] },
      { ...NOTHING, changed: [isNew("one_c")] },
      NOTHING,
    ]);
    expect(await dags("one_a", "one_b1", "one_b2", "one_c")).toMatchObject([
      { dagId: "one_a", isStale: false, version: 2, tags: ["y", "z"] },
      { dagId: "one_b1", isStale: true, version: 1 },
      { dagId: "one_b2", isStale: false, version: 1 },
      { dagId: "one_c", file: "one/c.ts", isStale: false, version: 1 },
    ]);
    expect(await findDagSource(database.db, { dagId: "one_b2" })).toMatchObject({ source: "one/b.ts" });
  });

  test("an id that two of them claim belongs to the first; the other DAGs of the second go on", async () => {
    const recorded = await record(file("two/a.ts", ["two_both"]), file("two/b.ts", ["two_both", "two_b"]), file("two/c.ts", ["two_c"]));
    expect(recorded).toMatchObject([
      { changed: [isNew("two_both")], rejected: [] },
      { changed: [isNew("two_b")], rejected: [{ dagId: "two_both", reason: expect.stringContaining('"dags/two/a.ts" already') as string }] },
      { changed: [isNew("two_c")] },
    ]);
    expect(await dags("two_both")).toMatchObject([{ file: "two/a.ts", version: 1 }]);
    expect(await importErrors("two/")).toEqual([expect.stringContaining('two/b.ts: DAG "two_both" is defined')]);
    // The first lets go of it: whichever of them comes first.
    const moved = await record(file("two/b.ts", ["two_both", "two_b"]), file("two/a.ts", ["two_other"]));
    expect(moved).toMatchObject([
      { changed: [isNew("two_both", 2)], unchanged: ["two_b"] },
      { changed: [isNew("two_other")], stale: ["two_both"] },
    ]);
    expect(await dags("two_both")).toMatchObject([{ file: "two/b.ts", isStale: false, version: 2 }]);
    expect(await importErrors("two/")).toEqual([]);
  });

  test("a DAG that a file yields is that of the other, in either order", async () => {
    for (const id of ["three_first", "three_last"]) {
      const module = file(`three/${id}_module.ts`, [id], { yields: true });
      const entry = file(`three/${id}_main.ts`, [id]);
      await record(...(id === "three_first" ? [module, entry] : [entry, module]));
      expect(await dags(id)).toMatchObject([{ file: `three/${id}_main.ts`, isStale: false }]);
    }
    expect(await importErrors("three/")).toEqual([]);
  });

  test("DAGs of files that do not load keep their versions, and are as before when they load again", async () => {
    const files = ["four_a", "four_b", "four_c"].map((id) => file(`four/${id}.ts`, [id]));
    await record(...files);
    await record(broken("four/four_a.ts"), broken("four/four_b.ts"), files[2]!);
    expect((await dags("four_a", "four_b", "four_c")).map(({ hasImportErrors }) => hasImportErrors)).toEqual([true, true, false]);
    expect(await importErrors("four/")).toHaveLength(2);
    expect(await record(...files)).toMatchObject(["four_a", "four_b", "four_c"].map((id) => ({ changed: [], unchanged: [id] })));
    expect((await dags("four_a", "four_b", "four_c")).map(({ hasImportErrors, version }) => [hasImportErrors, version])).toEqual([
      [false, 1],
      [false, 1],
      [false, 1],
    ]);
    expect(await importErrors("four/")).toEqual([]);
  });

  test("lose their warnings with their code, not with their spec", async () => {
    const warned = ["five_a", "five_b"];
    await record(...warned.map((id) => file(`five/${id}.ts`, [id])));
    await engine().recordDagWarnings(warned.map((dagId) => ({ dagId, warningType: "runtime varying value", message: "varies" })));
    await record(file("five/five_a.ts", ["five_a"], { spec: { tags: ["x"] } }), file("five/five_b.ts", ["five_b"], { code: "other" }));
    const { items } = await listDagWarnings(database.db, { filter: {}, page: { limit: 100, offset: 0, orderBy: [] } });
    expect(items.map(({ dagId }) => dagId)).toEqual(["five_a"]);
  });

  test("one that cannot be stored keeps no other from being recorded", async () => {
    const outcomes = await engine().recordDagFiles([
      file("six/a.ts", ["six_a"]),
      // PostgreSQL has no text with a zero in it.
      file("six/b.ts", ["six_b"], { source: "\0" }),
      file("six/c.ts", ["six_c"]),
    ]);
    expect(outcomes).toMatchObject([
      { status: "fulfilled", value: { changed: [isNew("six_a")] } },
      { status: "rejected", reason: { message: expect.stringMatching(/0x00/u) as string } },
      { status: "fulfilled", value: { changed: [isNew("six_c")] } },
    ]);
    expect((await dags("six_a", "six_b", "six_c")).map(({ dagId }) => dagId)).toEqual(["six_a", "six_c"]);
  });

  test("by two processors at once, in opposite orders, give one version each", async () => {
    const files = Array.from({ length: 12 }, (_, n) => file(`seven/${n}.ts`, [`seven_${n}`]));
    const outcomes = await Promise.all([record(...files), record(...files.toReversed()), record(...files)]);
    expect(outcomes.flat().flatMap(({ changed }) => changed)).toHaveLength(12);
    expect(outcomes.flat().flatMap(({ unchanged }) => unchanged)).toHaveLength(24);
  });

  test("and of an id that two files claim at the same moment, one has it and the other an error", async () => {
    for (let round = 0; round < 5; round++) {
      const [one, other] = await Promise.all([
        record(file(`eight/a${round}.ts`, [`eight_${round}`]), file(`eight/b${round}.ts`, [`eight_b${round}`])),
        record(file(`eight/c${round}.ts`, [`eight_${round}`])),
      ]);
      expect([...one, ...other].flatMap(({ rejected }) => rejected)).toHaveLength(1);
      expect(await dags(`eight_${round}`)).toMatchObject([{ version: 1 }]);
    }
  });

  test("have versions with large specs stored in more than one message", async () => {
    const doc = (n: number) => dagSpec(`nine_${n}`, [], { doc: `${n}`.repeat(9 * 1024 * 1024) });
    const large = file("nine/a.ts", []);
    if (!large.result.ok) throw new Error("it loads");
    large.result.dags = [1, 2, 3].map((n) => {
      const spec = doc(n);
      const specJson = canonicalJson(spec);
      return { dagId: spec.dagId, exportName: "dag", spec, specJson, specSha256: sha256(specJson) };
    });
    const before = database.db.traffic.statements;
    expect(await record(large)).toMatchObject([{ changed: [isNew("nine_1"), isNew("nine_2"), isNew("nine_3")] }]);
    expect(database.db.traffic.statements - before).toBe(COST_OF_NEW.statements + 2);
  });
});

/** In statements and round trips, begin and commit among the latter. */
const COST_OF_NEW = { transactions: 1, statements: 6, roundTrips: 4 };

async function costOf(work: () => Promise<unknown>) {
  const before = { ...database.db.traffic };
  await work();
  const after = database.db.traffic;
  return {
    transactions: after.transactions - before.transactions,
    statements: after.statements - before.statements,
    roundTrips: after.roundTrips - before.roundTrips,
  };
}

describe("what it costs does not depend on how many files are recorded together", () => {
  const files = (prefix: string, count: number, content?: Content) =>
    Array.from({ length: count }, (_, n) => file(`${prefix}/${n}.ts`, [`${prefix}_${n}`], { code: `${prefix} ${n}`, ...content }));

  test.each([1, 40])("%i files", async (count) => {
    const prefix = `cost_${count}`;
    expect(await costOf(() => record(...files(prefix, count)))).toEqual(COST_OF_NEW);
    // Unchanged: seen, without an error, and with the newest text.
    expect(await costOf(() => record(...files(prefix, count)))).toEqual({ transactions: 1, statements: 8, roundTrips: 4 });
    // A new version with a tag: its last run is asked for, tags are replaced, the source of versions with the same code is renewed.
    const edited = {
      spec: { tags: ["t"], schedule: { kind: "cron_trigger" as const, crons: ["0 0 * * *"], timezone: "UTC", intervalMs: 0, runImmediately: null } },
    };
    expect(await costOf(() => record(...files(prefix, count, edited)))).toEqual({ transactions: 1, statements: 13, roundTrips: 5 });
    const none = files(prefix, count).map(({ relativePath }) => broken(relativePath));
    expect(await costOf(() => record(...none))).toEqual({ transactions: 1, statements: 5, roundTrips: 4 });
  });
});
