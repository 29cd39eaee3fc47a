import { randomBytes, randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/**
 * A secret that this installation made for itself: made once, kept in a file that only its owner may read. Two processes that start together end up with the same one, and
 * `isNew` is true for one of them.
 */
export function readOrCreateSecret(
  path: string,
  make: () => string = () => randomBytes(32).toString("base64url"),
): { secret: string; isNew: boolean } {
  const known = read(path);
  if (known !== null) return { secret: known, isNew: false };
  const isNew = publish(path, make());
  return { secret: read(path)!, isNew };
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** The file appears complete or not at all; the first one wins. */
function publish(path: string, secret: string): boolean {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, `${secret}\n`, { mode: 0o600, flag: "wx" });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
}
