// Builds the user interface when its sources are not the ones that were last built. What is served is files, so a server needs them there before it starts.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { holdInstallLock } from "./install-lock.mjs";

/** All that the built files are made of. */
const SOURCES = [
  "packages/ui/src",
  "packages/ui/public",
  "packages/ui/index.html",
  "packages/ui/vite.config.ts",
  "packages/client/src",
  "packages/core/src",
  "pnpm-lock.yaml",
];

/**
 * @param {string} root the workspace's root directory
 * @param {string} node the Node to build with
 * @returns {Promise<boolean>} whether it was built
 */
export async function ensureUiBuilt(root, node) {
  const wanted = fingerprint(root);
  if (builtFrom(root) === wanted) return false;
  const release = await holdInstallLock(root, () => process.stderr.write("tradewind: another command is building; waiting for it\n"));
  try {
    if (builtFrom(root) === wanted) return false;
    const startedAt = performance.now();
    const { status, stdout, stderr } = spawnSync(node, ["node_modules/vite/bin/vite.js", "build", "--logLevel", "warn"], {
      cwd: join(root, "packages/ui"),
      encoding: "utf8",
      // Whoever asks for it: under a test runner pages would be built as for development, larger and slower.
      env: { ...process.env, NODE_ENV: "production" },
    });
    if (status !== 0) throw new Error(`The user interface could not be built (exit code ${status}):\n${stdout}${stderr}`);
    writeFileSync(stampPath(root), wanted);
    process.stderr.write(`tradewind: user interface built after ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
    return true;
  } finally {
    release();
  }
}

const stampPath = (root) => join(root, "packages/ui/dist/.built-from");

function builtFrom(root) {
  return existsSync(stampPath(root)) ? readFileSync(stampPath(root), "utf8") : undefined;
}

function fingerprint(root) {
  const hash = createHash("sha256");
  for (const source of SOURCES)
    for (const path of filesIn(join(root, source))) hash.update(path.slice(root.length)).update(readFileSync(path)).update("\0");
  return hash.digest("hex");
}

function filesIn(path) {
  try {
    return readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  } catch (error) {
    if (error.code === "ENOTDIR") return [path];
    throw error;
  }
}
