import { describe, expect, it } from "vitest";
import { readFingerprint, writeFingerprint } from "./file-state.ts";

const INPUTS = [
  { path: "/dags/a.ts", mtimeMs: 1.5, size: 3, inode: 7, sha256: "ab", statAtMs: 9 },
  { path: "/dags/b.ts", mtimeMs: 0, size: -1, inode: 0, sha256: null, statAtMs: 9 },
];

describe("a fingerprint in the database", () => {
  it("comes back as it was written", () => {
    expect(readFingerprint("1", JSON.parse(JSON.stringify(writeFingerprint("1", INPUTS))))).toEqual(INPUTS);
  });

  it.each([
    ["another release", writeFingerprint("2", INPUTS)],
    ["nothing", null],
    ["a list", []],
    ["another format", { format: 0, release: "1", inputs: [] }],
    ["damaged inputs", { format: 1, release: "1", inputs: [{ path: 3 }] }],
  ])("does not count when it is of %s", (_what, stored) => {
    expect(readFingerprint("1", stored)).toBeNull();
  });
});
