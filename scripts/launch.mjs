// Starts every command of the workspace from a fresh checkout: installs what is missing, then runs the command under the project's own Node 24.
// Plain JavaScript on purpose: it must run on the Node 20 a machine happens to have, before anything is installed.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureUiBuilt } from "./launch/build-ui.mjs";
import { ensureInstalled, InstallError } from "./launch/install.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What each command runs, and whether paths in its arguments are the user's (relative to where they stood) or the workspace's. */
const COMMANDS = {
  start: { program: "packages/cli/src/main.ts", args: ["standalone"], userPaths: true },
  tradewind: { program: "packages/cli/src/main.ts", args: [], userPaths: true },
  test: { program: "node_modules/vitest/vitest.mjs", args: ["run"], userPaths: false },
  check: { program: "scripts/check.ts", args: [], userPaths: false },
  vectors: { program: "scripts/vectors.ts", args: [], userPaths: true },
  bench: { program: "packages/bench/src/main.ts", args: [], userPaths: false },
};

/** npm delivers a Ctrl-C twice (the terminal's and its own): repeats this close are the same keypress. */
const SAME_SIGNAL_MS = 300;

/**
 * npm runs a script in the workspace's root and keeps the user's directory in INIT_CWD. The variable is inherited by everything below an npm script, so
 * it is believed only when npm started this very script.
 */
function userDirectory(command) {
  const startedByNpm = process.env.npm_lifecycle_event === command && process.env.npm_package_json === join(root, "package.json");
  return startedByNpm && process.env.INIT_CWD ? process.env.INIT_CWD : process.cwd();
}

function isInside(directory, parent) {
  const path = relative(parent, directory);
  return path === "" || (!path.startsWith("..") && !path.startsWith("/"));
}

function environmentFor(cwd) {
  const env = { ...process.env };
  env.PATH = join(root, "node_modules", ".bin") + delimiter + (env.PATH ?? "");
  env.NODE_COMPILE_CACHE ??= join(root, "node_modules", ".cache", "node-compile");
  // From anywhere inside the checkout, `npm start` and `npm run tradewind` mean the same installation.
  if (!env.TRADEWIND_HOME && isInside(cwd, root)) env.TRADEWIND_HOME = join(root, ".tradewind");
  return env;
}

/** Runs a program to its end. Signals to this process go to the program; it decides when to stop. */
function run(node, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, args, { ...options, stdio: "inherit" });
    const lastSentAt = {};
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
      process.on(signal, () => {
        const now = performance.now();
        if (now - (lastSentAt[signal] ?? -Infinity) < SAME_SIGNAL_MS) return;
        lastSentAt[signal] = now;
        child.kill(signal);
      });
    }
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(signal === null ? code : 128 + constants.signals[signal]));
  });
}

function needsUi(name, args) {
  return name === "start" || (name === "tradewind" && ["standalone", "api-server"].includes(args[0]));
}

/** A server without its pages still does all the rest. */
async function buildUi(root, node) {
  try {
    await ensureUiBuilt(root, node);
  } catch (error) {
    process.stderr.write(`tradewind: ${error.message}\ntradewind: starting without the user interface\n`);
  }
}

async function main(name, args) {
  if (name === "install") return await ensureInstalled(root).then(() => 0);
  if (name === "build-ui")
    return await ensureInstalled(root)
      .then(({ node }) => ensureUiBuilt(root, node))
      .then(() => 0);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    process.stderr.write(`launch: there is no command "${name ?? ""}"; known are ${[...Object.keys(COMMANDS), "install", "build-ui"].join(", ")}\n`);
    return 2;
  }
  const { node } = await ensureInstalled(root);
  if (needsUi(name, args)) await buildUi(root, node);
  const program = join(root, command.program);
  if (!existsSync(program)) {
    process.stderr.write(`launch: "${name}" runs ${command.program}, which does not exist in ${root}\n`);
    return 2;
  }
  const cwd = command.userPaths ? userDirectory(name) : root;
  return await run(node, [program, ...command.args, ...args], { cwd, env: environmentFor(cwd) });
}

try {
  process.exitCode = await main(process.argv[2], process.argv.slice(3));
} catch (error) {
  if (!(error instanceof InstallError)) throw error;
  process.stderr.write(`\n${error.message}\n`);
  process.exitCode = error.exitCode;
}
