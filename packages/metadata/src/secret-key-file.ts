import { randomUUID } from "node:crypto";
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { TradewindError } from "@tradewind/core";
import { generateFernetKey } from "./fernet.ts";

/**
 * The key of an installation that configured none: made once and kept in `<home>/fernet-key`, readable by its owner only. Losing the file means losing
 * the stored passwords. Two processes that start together end up with the same key.
 */
export function readOrCreateFernetKey(home: string): string {
  const file = path.join(home, "fernet-key");
  const known = readKey(file);
  if (known !== undefined) return known;
  mkdirSync(home, { recursive: true });
  publish(file, generateFernetKey());
  const key = readKey(file);
  if (key === undefined)
    throw new TradewindError("invalid_config", `Made a Fernet key in "${file}", but it disappeared at once. Check who else writes there.`);
  return key;
}

/** The file appears complete or not at all; the first one wins. */
function publish(file: string, key: string): void {
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, `${key}\n`, { mode: 0o600, flag: "wx" });
  chmodSync(draft, 0o600);
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function readKey(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
