import type { LoadedDagFile, RecordedDagFile } from "@tradewind/engine";
import { describe, expect, it } from "vitest";
import { Recorder } from "./recorder.ts";

const NOTHING: RecordedDagFile = { changed: [], unchanged: [], stale: [], rejected: [] };

function file(relativePath: string, codeLength = 1): LoadedDagFile {
  const bundle = { sha256: relativePath, code: "x".repeat(codeLength) };
  return {
    bundleName: "dags",
    relativePath,
    fingerprint: null,
    parseDurationMs: 1,
    resolveFrom: [],
    result: { ok: true, bundle, source: "", dags: [] },
  };
}

/** Batches stay under way until they are let go; `coming`: files wait to be loaded, urgent ones or all. */
function heldRecorder(coming = { urgent: false, backlog: false }) {
  const batches: string[][] = [];
  const release: ((outcomes?: PromiseSettledResult<RecordedDagFile>[]) => void)[] = [];
  const recorder = new Recorder({
    record: (files) => {
      batches.push(files.map(({ relativePath }) => relativePath));
      return new Promise((resolve) =>
        release.push((outcomes) => resolve(outcomes ?? files.map(() => ({ status: "fulfilled" as const, value: NOTHING })))),
      );
    },
    moreIsComing: (urgent) => coming.urgent || (!urgent && coming.backlog),
  });
  return { recorder, batches, release };
}

describe("Recorder", () => {
  it("records a file that nothing follows at once, and together what comes meanwhile", async () => {
    const { recorder, batches, release } = heldRecorder();
    const first = recorder.record(file("a"), false);
    const others = [recorder.record(file("b"), false), recorder.record(file("c"), true)];
    expect(batches).toEqual([["a"]]);
    release[0]!();
    await first;
    expect(batches).toEqual([["a"], ["b", "c"]]);
    release[1]!();
    expect(await Promise.all(others)).toEqual([NOTHING, NOTHING]);
  });

  it("waits for the next of a backlog, but not for long, and not with an edited file", async () => {
    const { recorder, batches } = heldRecorder({ urgent: false, backlog: true });
    void recorder.record(file("a"), false);
    void recorder.record(file("b"), false);
    expect(batches).toEqual([]);
    await expect.poll(() => batches).toEqual([["a", "b"]]);

    const edited = heldRecorder({ urgent: false, backlog: true });
    void edited.recorder.record(file("a"), false);
    void edited.recorder.record(file("b"), true);
    expect(edited.batches).toEqual([["a", "b"]]);
  });

  it("waits with one of many edited files as with a backlog", async () => {
    const { recorder, batches } = heldRecorder({ urgent: true, backlog: false });
    void recorder.record(file("a"), true);
    expect(batches).toEqual([]);
    await expect.poll(() => batches).toEqual([["a"]]);
  });

  it("has no more recorded at once than 50 files, or 8 million characters unless one has more", async () => {
    const { recorder, batches, release } = heldRecorder();
    void recorder.record(file("first"), false);
    for (let index = 0; index < 51; index++) void recorder.record(file(`${index}`), false);
    void recorder.record(file("large", 9 * 1024 * 1024), false);
    void recorder.record(file("last"), false);
    for (let index = 0; index < 4; index++) {
      release[index]!();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(batches.map((batch) => batch.length)).toEqual([1, 50, 1, 1, 1]);
    expect(batches.slice(2)).toEqual([["50"], ["large"], ["last"]]);
  });

  it("has room for more until what waits is too large", async () => {
    const { recorder, release } = heldRecorder();
    void recorder.record(file("first", 9 * 1024 * 1024), false);
    // It does not wait any more.
    expect(recorder.hasRoom).toBe(true);
    void recorder.record(file("second", 5 * 1024 * 1024), false);
    expect(recorder.hasRoom).toBe(true);
    void recorder.record(file("third", 5 * 1024 * 1024), false);
    expect(recorder.hasRoom).toBe(false);
    release[0]!();
    await expect.poll(() => recorder.hasRoom).toBe(true);
  });

  it("tells each file its own outcome, and all when nothing could be recorded", async () => {
    const { recorder, release } = heldRecorder();
    const first = recorder.record(file("a"), false);
    const second = recorder.record(file("b"), false);
    const third = recorder.record(file("c"), false);
    release[0]!([{ status: "fulfilled", value: NOTHING }]);
    await first;
    release[1]!([
      { status: "rejected", reason: new Error("not this one") },
      { status: "fulfilled", value: NOTHING },
    ]);
    await expect(second).rejects.toThrow("not this one");
    expect(await third).toBe(NOTHING);

    const failing = new Recorder({ record: () => Promise.reject(new Error("nowhere")), moreIsComing: () => false });
    await expect(failing.record(file("a"), false)).rejects.toThrow("nowhere");
    await expect(failing.record(file("a"), false)).rejects.toThrow("nowhere");
  });
});
