import { describe, expect, it } from "vitest";
import { type LoadedBy, readFingerprint, writeFingerprint } from "./file-state.ts";

const BY: LoadedBy = { release: "1", settingsSha256: "cd" };

const INPUTS = [
  { path: "/dags/a.ts", mtimeMs: 1.5, size: 3, inode: 7, sha256: "ab", statAtMs: 9 },
  { path: "/dags/b.ts", mtimeMs: 0, size: -1, inode: 0, sha256: null, statAtMs: 9 },
];

describe("a fingerprint in the database", () => {
  it("comes back as it was written", () => {
    expect(readFingerprint(BY, JSON.parse(JSON.stringify(writeFingerprint(BY, INPUTS))))).toEqual(INPUTS);
  });

  it.each([
    ["another release", writeFingerprint({ ...BY, release: "2" }, INPUTS)],
    ["other settings", writeFingerprint({ ...BY, settingsSha256: "ef" }, INPUTS)],
    ["nothing", null],
    ["a list", []],
    ["another format", { ...(writeFingerprint(BY, []) as object), format: 0 }],
    ["damaged inputs", { ...(writeFingerprint(BY, []) as object), inputs: [{ path: 3 }] }],
  ])("does not count when it is of %s", (_what, stored) => {
    expect(readFingerprint(BY, stored)).toBeNull();
  });
});
