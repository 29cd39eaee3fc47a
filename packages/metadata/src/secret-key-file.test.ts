import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createFernet } from "./fernet.ts";
import { readOrCreateFernetKey } from "./secret-key-file.ts";

test("makes a key once, for its owner only, and finds it again", () => {
  const parent = mkdtempSync(path.join(tmpdir(), "tradewind-key-"));
  onTestFinished(() => rmSync(parent, { recursive: true }));
  const home = path.join(parent, "home");
  const key = readOrCreateFernetKey(home);
  expect(createFernet(key).decrypt(createFernet(key).encrypt("x"))).toBe("x");
  expect(statSync(path.join(home, "fernet-key")).mode & 0o777).toBe(0o600);
  expect(readOrCreateFernetKey(home)).toBe(key);
  expect(readdirSync(home)).toEqual(["fernet-key"]);
});
