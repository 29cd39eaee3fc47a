import { spawn, type ChildProcess } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const scripts = dirname(dirname(fileURLToPath(import.meta.url)));

// A workspace of its own with a fake `npx`, so that the tests install nothing and still see each install that would have happened.
const FAKE_NPX = `#!/bin/sh
echo "fake install $*"
echo install >> "$INSTALL_LOG"
[ -n "$FAIL_INSTALL" ] && exit 7
sleep 0.3
mkdir -p node_modules/.bin
ln -sf "$REAL_NODE" node_modules/.bin/node
`;

const PROGRAM = `
const command = process.argv[2];
if (command === "where") console.log(JSON.stringify({ cwd: process.cwd(), home: process.env.TRADEWIND_HOME ?? null, args: process.argv.slice(3) }));
if (command === "exit") process.exit(Number(process.argv[3]));
if (command === "wait" || command === "standalone") {
  let signals = 0;
  for (const name of ["SIGINT", "SIGTERM"]) process.on(name, () => {
    signals += 1;
    if (signals === 1) setTimeout(() => { console.log("stopped by " + name + " after " + signals); process.exit(3); }, 100);
  });
  console.log("ready " + process.pid);
  setInterval(() => {}, 1000);
}
`;

let base = "";
let root = "";
let started: ChildProcess[] = [];

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "launch-"));
  root = join(base, "checkout");
  mkdirSync(join(root, "packages/cli/src"), { recursive: true });
  mkdirSync(join(root, "deep/er"), { recursive: true });
  mkdirSync(join(base, "bin"));
  cpSync(join(scripts, "launch.mjs"), join(root, "scripts/launch.mjs"));
  cpSync(join(scripts, "launch"), join(root, "scripts/launch"), { recursive: true });
  writeFileSync(join(root, "pnpm-lock.yaml"), "lock: 1\n");
  writeFileSync(join(root, "pnpm-workspace.yaml"), "packages: []\n");
  writeFileSync(join(root, "packages/cli/src/main.ts"), PROGRAM);
  writeFileSync(join(base, "bin/npx"), FAKE_NPX, { mode: 0o755 });
  writeFileSync(join(base, "installs"), "");
});

afterEach(() => {
  for (const child of started) child.kill("SIGKILL");
  started = [];
  rmSync(base, { recursive: true, force: true });
});

const installs = () => readFileSync(join(base, "installs"), "utf8").split("\n").filter(Boolean).length;

function launch(args: string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
  const env: NodeJS.ProcessEnv = { ...process.env, PATH: join(base, "bin") + delimiter + process.env.PATH, INSTALL_LOG: join(base, "installs") };
  for (const key of Object.keys(env)) if (/^npm_|^INIT_CWD$|^TRADEWIND_/.test(key)) delete env[key];
  Object.assign(env, { REAL_NODE: process.execPath }, options.env);
  const child = spawn(process.execPath, [join(root, "scripts/launch.mjs"), ...args], {
    cwd: options.cwd ?? root,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.push(child);
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) =>
    child.once("close", (code) => resolve({ code, ...output })),
  );
  const printed = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(output.stdout);
        if (match) resolve(match);
      };
      child.stdout.on("data", look);
      child.once("close", () => reject(new Error(`ended before it printed ${pattern}: ${output.stdout}${output.stderr}`)));
      look();
    });
  return { child, ended, printed };
}

test("installs once, then only when the lock file changes, and keeps stdout for the command", async () => {
  const first = await launch(["tradewind", "where", "a b", "--x"]).ended;
  expect(first.code).toBe(0);
  expect(JSON.parse(first.stdout)).toEqual({ cwd: root, home: join(root, ".tradewind"), args: ["a b", "--x"] });
  expect(first.stderr).toContain("install --frozen-lockfile");
  expect(installs()).toBe(1);

  const second = await launch(["tradewind", "where"]).ended;
  expect(second.stderr).toBe("");
  expect(installs()).toBe(1);

  writeFileSync(join(root, "pnpm-lock.yaml"), "lock: 2\n");
  expect((await launch(["tradewind", "where"]).ended).code).toBe(0);
  expect(installs()).toBe(2);
});

test("four launches at the same moment install once", async () => {
  const ends = await Promise.all([1, 2, 3, 4].map(() => launch(["tradewind", "where"]).ended));
  expect(ends.map((end) => end.code)).toEqual([0, 0, 0, 0]);
  expect(installs()).toBe(1);
});

test("a failed install is explained, leaves no stamp, and the next launch tries again", async () => {
  const failed = await launch(["tradewind", "where"], { env: { FAIL_INSTALL: "1" } }).ended;
  expect(failed.code).toBe(1);
  expect(failed.stdout).toBe("");
  expect(failed.stderr).toContain("ended with exit code 7");
  expect((await launch(["tradewind", "where"]).ended).code).toBe(0);
  expect(installs()).toBe(2);
});

test("paths are the user's: npm's INIT_CWD is honoured, but not one inherited from another npm script", async () => {
  const npm = { INIT_CWD: join(root, "deep/er"), npm_lifecycle_event: "tradewind", npm_package_json: join(root, "package.json") };
  const byNpm = JSON.parse((await launch(["tradewind", "where"], { env: npm }).ended).stdout) as unknown;
  expect(byNpm).toEqual({ cwd: join(root, "deep/er"), home: join(root, ".tradewind"), args: [] });
  const nested = await launch(["tradewind", "where"], { cwd: base, env: { ...npm, npm_lifecycle_event: "test" } }).ended;
  expect(JSON.parse(nested.stdout)).toEqual({ cwd: base, home: null, args: [] });
});

test("exit codes pass through", async () => {
  expect((await launch(["tradewind", "exit", "42"]).ended).code).toBe(42);
  const unknown = await launch(["nonsense"]).ended;
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toContain('no command "nonsense"');
});

test.each(["SIGINT", "SIGTERM"] as const)("%s reaches the program once, even when it is delivered twice, and no process stays", async (signal) => {
  const running = launch(["tradewind", "wait"]);
  const pid = Number((await running.printed(/ready (\d+)/))[1]);
  running.child.kill(signal);
  running.child.kill(signal);
  const end = await running.ended;
  expect(end.stdout).toContain(`stopped by ${signal} after 1`);
  expect(end.code).toBe(3);
  expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
});

describe("under npm", () => {
  /** `npm start` in a process group of its own, as a terminal gives one to each command. */
  async function npmStart() {
    const script = "exec node scripts/launch.mjs start";
    writeFileSync(join(root, "package.json"), JSON.stringify({ name: "checkout", type: "module", scripts: { start: script } }));
    const env = {
      ...process.env,
      PATH: join(base, "bin") + delimiter + process.env.PATH,
      INSTALL_LOG: join(base, "installs"),
      REAL_NODE: process.execPath,
    };
    const npm = spawn("npm", ["start"], { cwd: root, env, detached: true, stdio: ["ignore", "pipe", "inherit"] });
    started.push(npm);
    let output = "";
    const ready = new Promise<number>((resolve, reject) => {
      npm.stdout.on("data", (chunk: Buffer) => {
        output += chunk.toString();
        const match = /ready (\d+)/.exec(output);
        if (match) resolve(Number(match[1]));
      });
      npm.once("close", () => reject(new Error(`npm ended before the program was ready: ${output}`)));
    });
    const ended = new Promise<string>((resolve) => npm.once("close", () => resolve(output)));
    return { npmPid: npm.pid!, programPid: await ready, ended };
  }

  test("SIGTERM to npm stops the program in order and leaves no process", async () => {
    const { npmPid, programPid, ended } = await npmStart();
    process.kill(npmPid, "SIGTERM");
    expect(await ended).toContain("stopped by SIGTERM after 1");
    expect(() => process.kill(programPid, 0)).toThrow(/ESRCH/);
    expect(() => process.kill(-npmPid, 0)).toThrow(/ESRCH/);
  });

  test("Ctrl-C, which the whole group gets and npm passes on, stops it in order", async () => {
    const { npmPid, programPid, ended } = await npmStart();
    process.kill(-npmPid, "SIGINT");
    expect(await ended).toContain("stopped by SIGINT");
    expect(() => process.kill(programPid, 0)).toThrow(/ESRCH/);
    expect(() => process.kill(-npmPid, 0)).toThrow(/ESRCH/);
  });
});

test("a command killed by a signal gives the shell's exit code", async () => {
  const running = launch(["tradewind", "wait"]);
  const pid = Number((await running.printed(/ready (\d+)/))[1]);
  process.kill(pid, "SIGKILL");
  expect((await running.ended).code).toBe(128 + 9);
});

test.skipIf(process.getuid?.() !== 0)("a checkout of another user is explained", async () => {
  chmodSync(base, 0o755);
  const child = spawn(process.execPath, [join(root, "scripts/launch.mjs"), "tradewind", "where"], {
    cwd: root,
    uid: 65534,
    gid: 65534,
    stdio: ["ignore", "ignore", "pipe"],
  });
  started.push(child);
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect(code).toBe(1);
  expect(stderr).toContain("belongs to user id 0 and this is user id 65534");
  expect(stderr).toContain("chown");
});
