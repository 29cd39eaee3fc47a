// Brings node_modules in line with the lock file, once, however many commands start at the same moment.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { constants as osConstants } from "node:os";
import { delimiter, join } from "node:path";
import { holdInstallLock } from "./install-lock.mjs";

const PNPM = "pnpm@12.21.0";
const NEEDED_NODE_MAJOR = 24;

/** Something a person must put right before anything can run. */
export class InstallError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/**
 * Installs when the lock file is not the one that was last installed.
 * @param {string} root the workspace's root directory
 * @returns {Promise<{ node: string, installed: boolean }>} the Node to run everything with, and whether an install was needed
 */
export async function ensureInstalled(root) {
  const wanted = fingerprint(root);
  const found = readStamp(root);
  if (found?.fingerprint === wanted && existsSync(found.node)) return { node: found.node, installed: false };
  assertWritable(root);
  const release = await holdInstallLock(root, () => say("another command is installing the dependencies; waiting for it"));
  try {
    const afterWait = readStamp(root);
    if (afterWait?.fingerprint === wanted && existsSync(afterWait.node)) return { node: afterWait.node, installed: false };
    const startedAt = performance.now();
    say(`installing dependencies (${PNPM}, frozen lock file)`);
    await install(root);
    const node = findNode(root);
    writeFileSync(stampPath(root), `${JSON.stringify({ fingerprint: wanted, node })}\n`);
    say(`dependencies ready after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
    return { node, installed: true };
  } finally {
    release();
  }
}

/** stdout belongs to the command that is about to run, so progress goes to stderr. */
function say(line) {
  process.stderr.write(`tradewind: ${line}\n`);
}

const stampPath = (root) => join(root, "node_modules", ".launch-stamp.json");

function fingerprint(root) {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}\n`);
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml"]) hash.update(readFileSync(join(root, file))).update("\0");
  return hash.digest("hex");
}

function readStamp(root) {
  try {
    const stamp = JSON.parse(readFileSync(stampPath(root), "utf8"));
    return typeof stamp.node === "string" ? stamp : undefined;
  } catch {
    return undefined; // never installed, or an install that was cut short: both mean install again
  }
}

function assertWritable(root) {
  const modules = join(root, "node_modules");
  for (const directory of existsSync(modules) ? [root, modules] : [root]) {
    try {
      accessSync(directory, constants.W_OK);
    } catch {
      const owner = statSync(directory).uid;
      const self = process.getuid?.() ?? "?";
      throw new InstallError(
        `Cannot install the dependencies: ${directory} belongs to user id ${owner} and this is user id ${self}, which may not write there.\n` +
          `Run the command once as its owner, or give the checkout to this user: sudo chown -R ${self} ${root}`,
      );
    }
  }
  mkdirSync(modules, { recursive: true });
}

/** npm passes its own settings down as variables: `npm run -s` would silence the errors of the install as well. */
function installEnvironment() {
  const env = { ...process.env };
  for (const key of Object.keys(env)) {
    if (/^npm_(package|lifecycle)_/i.test(key) || /^npm_config_(loglevel|silent|prefix)$/i.test(key)) delete env[key];
  }
  return env;
}

function install(root) {
  const args = ["--yes", PNPM, "install", "--frozen-lockfile", "--reporter=append-only", "--config.confirmModulesPurge=false"];
  return new Promise((resolve, reject) => {
    const child = spawn("npx", args, { cwd: root, env: installEnvironment(), stdio: ["ignore", 2, 2], shell: process.platform === "win32" });
    const forward = (signal) => child.kill(signal);
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, forward);
    const settle = (finish) => {
      for (const signal of signals) process.off(signal, forward);
      finish();
    };
    child.once("error", (error) =>
      settle(() => reject(new InstallError(`Cannot install the dependencies: npx did not start (${error.message}). npm ≥ 9 must be on PATH.`))),
    );
    child.once("exit", (code, signal) =>
      settle(() => {
        if (code === 0) resolve(undefined);
        else if (signal !== null) reject(new InstallError("The install was interrupted; run the command again.", 128 + osConstants.signals[signal]));
        else reject(new InstallError(explainFailure(root, code)));
      }),
    );
  });
}

function explainFailure(root, code) {
  return [
    `The dependencies could not be installed: "npx ${PNPM} install --frozen-lockfile" ended with exit code ${code} in ${root}.`,
    "Its messages are above. Usual causes: the npm registry cannot be reached (see `npm ping`, and the proxy settings of npm),",
    "the disk is full, or a package.json changed without pnpm-lock.yaml (then run the install once without --frozen-lockfile).",
  ].join("\n");
}

/** The Node that npm's registry carries for this platform, else one that is on PATH already. */
function findNode(root) {
  const ours = join(root, "node_modules", ".bin", "node");
  if (existsSync(ours) && nodeMajor(ours) >= NEEDED_NODE_MAJOR) return realpathSync(ours);
  if (Number(process.versions.node.split(".")[0]) >= NEEDED_NODE_MAJOR) return process.execPath;
  for (const directory of (process.env.PATH ?? "").split(delimiter)) {
    const candidate = join(directory, process.platform === "win32" ? "node.exe" : "node");
    if (existsSync(candidate) && nodeMajor(candidate) >= NEEDED_NODE_MAJOR) return candidate;
  }
  throw new InstallError(
    `Tradewind needs Node ≥ ${NEEDED_NODE_MAJOR}. The npm registry has no Node for ${process.platform}-${process.arch} that runs here, ` +
      `and none is on PATH (this is Node ${process.versions.node}). Install Node ${NEEDED_NODE_MAJOR} and run the command again.`,
  );
}

/** 0 when it does not run at all, e.g. a binary for another C library. */
function nodeMajor(path) {
  const answer = spawnSync(path, ["--version"], { encoding: "utf8", timeout: 10_000 });
  return answer.status === 0 ? Number(/^v(\d+)\./.exec(answer.stdout)?.[1] ?? 0) : 0;
}
