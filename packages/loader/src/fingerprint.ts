import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";

/**
 * A file as it was when it was read. Equal stats mean the same content without reading it again.
 * A file that was looked for and not there has `size` -1 and no hash, so that its appearance is a change too.
 */
export interface InputFingerprint {
  /** Absolute. */
  path: string;
  mtimeMs: number;
  size: number;
  inode: number;
  sha256: string | null;
  /** When the stats were taken (epoch ms, this machine's clock). */
  statAtMs: number;
}

/**
 * A file written a moment before it was read may be written again without a visible change of its mtime (whole seconds on some file systems).
 * Until a fingerprint is this much younger than the mtime it holds, its stats prove nothing and the content is compared.
 */
const MTIME_SETTLES_MS = 2_000;

export interface ReadInput {
  fingerprint: InputFingerprint;
  content: Buffer;
}

/** Stats first, then content: a write between the two shows up as a change at the next look, never as a missed one. */
export async function readInput(path: string): Promise<ReadInput> {
  const statAtMs = Date.now();
  const stats = await stat(path);
  const content = await readFile(path);
  return {
    fingerprint: { path, mtimeMs: stats.mtimeMs, size: stats.size, inode: stats.ino, sha256: sha256Hex(content), statAtMs },
    content,
  };
}

export function absentInput(path: string): InputFingerprint {
  return { path, mtimeMs: 0, size: -1, inode: 0, sha256: null, statAtMs: Date.now() };
}

export type FingerprintCheck =
  | { unchanged: false; changedPath: string }
  /** `inputs` replace the old ones: those compared by content carry fresh stats, so that the next check needs no read. */
  | { unchanged: true; inputs: InputFingerprint[] };

/** Costs one stat per input, plus a read for those that were written just before they were fingerprinted. */
export async function checkFingerprints(inputs: readonly InputFingerprint[]): Promise<FingerprintCheck> {
  const fresh: InputFingerprint[] = [];
  for (const input of inputs) {
    const now = await refresh(input);
    if (now === null) return { unchanged: false, changedPath: input.path };
    fresh.push(now);
  }
  return { unchanged: true, inputs: fresh };
}

async function refresh(input: InputFingerprint): Promise<InputFingerprint | null> {
  const stats = await stat(input.path).catch(() => null);
  if (stats === null) return input.sha256 === null ? input : null;
  if (input.sha256 === null) return null;
  if (stats.mtimeMs !== input.mtimeMs || stats.size !== input.size || stats.ino !== input.inode) return null;
  if (input.statAtMs - input.mtimeMs >= MTIME_SETTLES_MS) return input;
  const now = await readInput(input.path).catch(() => null);
  return now !== null && now.fingerprint.sha256 === input.sha256 ? now.fingerprint : null;
}

export function sha256Hex(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
