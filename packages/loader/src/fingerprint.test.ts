import { mkdtemp, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { absentInput, checkFingerprints, type InputFingerprint, readInput } from "./fingerprint.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tradewind-fingerprint-"));
  path = join(folder, "a.ts");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const LONG_AGO = new Date("2026-01-01T00:00:00Z");

async function written(text: string, at?: Date): Promise<InputFingerprint> {
  await writeFile(path, text);
  if (at !== undefined) await utimes(path, at, at);
  return (await readInput(path)).fingerprint;
}

describe("checkFingerprints", () => {
  it("believes the stats of a file that was written long before it was read", async () => {
    const input = await written("one", LONG_AGO);
    await writeFile(path, "two");
    await utimes(path, LONG_AGO, LONG_AGO);
    // Same size, mtime and inode: it must not have been read.
    expect(await checkFingerprints([input])).toEqual({ unchanged: true, inputs: [input] });
  });

  it("compares the content of a file that was written just before it was read", async () => {
    const input = await written("one");
    const { mtime } = await stat(path);
    await writeFile(path, "two");
    await utimes(path, mtime, mtime);
    expect(await checkFingerprints([{ ...input, mtimeMs: (await stat(path)).mtimeMs }])).toEqual({ unchanged: false, changedPath: path });
  });

  it("gives fresh stats for a file whose content it compared", async () => {
    const input = await written("one");
    const check = await checkFingerprints([{ ...input, statAtMs: input.mtimeMs }]);
    expect(check).toMatchObject({ unchanged: true, inputs: [{ sha256: input.sha256 }] });
    if (check.unchanged) expect(check.inputs[0]?.statAtMs).toBeGreaterThan(input.mtimeMs);
  });

  it("notices a file that is gone, and one that has come", async () => {
    const input = await written("one", LONG_AGO);
    await rm(path);
    expect(await checkFingerprints([input])).toEqual({ unchanged: false, changedPath: path });
    const absent = absentInput(path);
    expect(await checkFingerprints([absent])).toMatchObject({ unchanged: true });
    await writeFile(path, "one");
    expect(await checkFingerprints([absent])).toEqual({ unchanged: false, changedPath: path });
  });
});
