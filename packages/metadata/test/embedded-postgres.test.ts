import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterEach, describe, expect, test, vi } from "vitest";
import { isAlive } from "../src/embedded/postmaster-file.ts";
import { type EmbeddedPostgres, type EmbeddedPostgresEvent, type EmbeddedPostgresOptions, startEmbeddedPostgres } from "../src/embedded-postgres.ts";
import { serversRoot } from "../src/testing/test-server.ts";

const program = fileURLToPath(new URL("./programs/run-embedded-postgres.ts", import.meta.url));
const isRoot = process.getuid?.() === 0;
const ordinaryUser = 1_000;

const serverPids = new Set<number>();
const handles: EmbeddedPostgres[] = [];
const programs: ChildProcess[] = [];
const directories: string[] = [];

afterEach(async () => {
  for (const child of programs.splice(0)) child.kill("SIGKILL");
  await Promise.all(handles.splice(0).map((postgres) => postgres.stop("immediate")));
  try {
    // No server outlives its test, whatever the test did to it.
    await vi.waitFor(() => assertNoneAlive([...serverPids]), { timeout: 15_000 });
  } finally {
    serverPids.clear();
    for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  }
});

function assertNoneAlive(pids: readonly number[]): void {
  const alive = pids.filter(isAlive);
  if (alive.length > 0) throw new Error(`PostgreSQL servers still running: ${alive.join(", ")}`);
}

function makeDirectory(mode = 0o755): string {
  const parent = mkdtempSync(path.join(serversRoot(), "tradewind-embedded-"));
  chmodSync(parent, mode);
  directories.push(parent);
  return path.join(parent, "postgres");
}

async function start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ durability: "process", ...options });
  serverPids.add(postgres.pid);
  handles.push(postgres);
  return postgres;
}

async function ask<Row extends pg.QueryResultRow>(url: string, text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

interface ProgramEvent {
  type: string;
  pid?: number;
  url?: string;
  isOwner?: boolean;
}

/** Another process with its own handle on the directory. */
function startProgram(directory: string, options: readonly string[] = [], spawnOptions: { uid?: number; gid?: number } = {}) {
  const child: ChildProcess = spawn(process.execPath, [program, directory, ...options], { stdio: ["ignore", "pipe", "pipe"], ...spawnOptions });
  const events: ProgramEvent[] = [];
  let errors = "";
  child.stderr?.on("data", (chunk) => (errors += chunk));
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
    const event = JSON.parse(line) as ProgramEvent;
    if (event.type === "started" && event.pid) serverPids.add(event.pid);
    events.push(event);
  });
  programs.push(child);
  const saw = (type: string): Promise<ProgramEvent> =>
    vi.waitFor(
      () => {
        const event = events.findLast((candidate) => candidate.type === type);
        if (!event) throw new Error(`no "${type}" yet; events ${JSON.stringify(events)}; ${errors}`);
        return event;
      },
      { timeout: 20_000 },
    );
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  return { child, events, saw, ended };
}

describe("one process", () => {
  test("starts a server with a database in UTF-8, on loopback, with a password only the owner can read", async () => {
    const directory = makeDirectory();
    const postgres = await start({ directory });
    expect(postgres.isOwner).toBe(true);
    const [found] = await ask(
      postgres.url,
      "select current_database() as name, current_setting('server_encoding') as encoding, current_setting('listen_addresses') as host",
    );
    expect(found).toEqual({ name: "tradewind", encoding: "UTF8", host: "127.0.0.1" });
    expect(statSync(path.join(directory, "password")).mode & 0o777).toBe(0o600);
    expect(statSync(path.join(directory, "server.log")).mode & 0o077).toBe(0);
    expect(statSync(path.join(directory, "data")).mode & 0o077).toBe(0);
    const wrong = new URL(postgres.url);
    wrong.password = "wrong";
    await expect(ask(wrong.href, "select 1")).rejects.toMatchObject({ code: "28P01" });
    wrong.password = "";
    await expect(ask(wrong.href, "select 1")).rejects.toThrow(/password/);
  });

  test.each(["fast", "smart", "immediate", "kill"] as const)("restart by %s keeps the address and what was committed", async (mode) => {
    const postgres = await start({ directory: makeDirectory() });
    const { url, pid } = postgres;
    await ask(url, "create table kept as select 42 as answer");
    await postgres.restart({ mode });
    serverPids.add(postgres.pid);
    expect(postgres.url).toBe(url);
    expect(postgres.pid).not.toBe(pid);
    expect(await ask(url, "select answer from kept")).toEqual([{ answer: 42 }]);
  });

  test("stop, then start on the same directory: same address, same data", async () => {
    const directory = makeDirectory();
    const before = await start({ directory });
    await ask(before.url, "create table kept as select 42 as answer");
    await before.stop();
    expect(isAlive(before.pid)).toBe(false);
    const after = await start({ directory });
    expect(after.url).toBe(before.url);
    expect(await ask(after.url, "select answer from kept")).toEqual([{ answer: 42 }]);
  });

  test("a second handle on the directory uses the running server, and its stop leaves it up", async () => {
    const directory = makeDirectory();
    const first = await start({ directory });
    const second = await start({ directory });
    expect(second).toMatchObject({ isOwner: false, pid: first.pid, url: first.url });
    await second.stop();
    expect(await ask(first.url, "select 1 as one")).toEqual([{ one: 1 }]);
    await expect(second.restart()).rejects.toMatchObject({ code: "database_unavailable" });
  });

  test("ten at once on a new directory: one starts it, nine use it", async () => {
    const directory = makeDirectory();
    const all = await Promise.all(Array.from({ length: 10 }, () => start({ directory })));
    expect(all.filter((postgres) => postgres.isOwner)).toHaveLength(1);
    expect(new Set(all.map((postgres) => postgres.url)).size).toBe(1);
  });

  test("a supervised server that is killed comes back on the same address", async () => {
    const events: EmbeddedPostgresEvent[] = [];
    const postgres = await start({ directory: makeDirectory(), supervise: true, onEvent: (event) => events.push(event) });
    const { pid, url } = postgres;
    process.kill(pid, "SIGKILL");
    await vi.waitFor(() => expect(events.map((event) => event.type)).toEqual(["started", "ended", "started"]), { timeout: 20_000 });
    serverPids.add(postgres.pid);
    expect(postgres.pid).not.toBe(pid);
    expect(await ask(url, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  test("a data directory of another major version is refused by name", async () => {
    const directory = makeDirectory();
    await (await start({ directory })).stop();
    writeFileSync(path.join(directory, "data", "PG_VERSION"), "15\n");
    await expect(start({ directory })).rejects.toMatchObject({
      code: "database_unavailable",
      message: expect.stringContaining("made by PostgreSQL 15"),
    });
  });

  test("a server that cannot start is explained with the end of its log", async () => {
    const directory = makeDirectory();
    await expect(start({ directory, settings: { shared_buffers: "nonsense" } })).rejects.toMatchObject({
      code: "database_unavailable",
      message: expect.stringContaining("shared_buffers"),
    });
    // Nothing half done stays: the next start works.
    await start({ directory });
  });
});

describe("leftovers of a process that died", () => {
  test("a lock file whose number belongs to an unrelated process now", async () => {
    const directory = makeDirectory();
    const before = await start({ directory });
    const file = path.join(directory, "data", "postmaster.pid");
    const lines = readFileSync(file, "utf8").split("\n");
    await before.stop("kill");
    writeFileSync(file, [String(process.pid), ...lines.slice(1)].join("\n"));
    const after = await start({ directory });
    expect(after.isOwner).toBe(true);
  });

  test("a start lock whose holder is gone", async () => {
    const directory = makeDirectory();
    await (await start({ directory })).stop();
    const gone = spawnSync(process.execPath, ["-e", ""]).pid;
    writeFileSync(path.join(directory, "start.lock"), JSON.stringify({ pid: gone }));
    await start({ directory });
    expect(existsSync(path.join(directory, "start.lock"))).toBe(false);
  });
});

describe("several processes", () => {
  test("the server ends with the process that started it, also when that is killed", async () => {
    const directory = makeDirectory();
    const owner = startProgram(directory);
    const { pid = 0 } = await owner.saw("started");
    await owner.saw("ready");
    owner.child.kill("SIGKILL");
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 15_000 });
    // The next start need not wait for anybody to clean up.
    const next = await start({ directory });
    expect(next.isOwner).toBe(true);
  });

  test("a process told to stop leaves no server and ends with code 0", async () => {
    const owner = startProgram(makeDirectory());
    const { pid = 0 } = await owner.saw("started");
    await owner.saw("ready");
    owner.child.kill("SIGTERM");
    expect(await owner.ended).toBe(0);
    expect(isAlive(pid)).toBe(false);
  });

  test("a supervising process takes over when the one that had started the server goes", async () => {
    const directory = makeDirectory();
    const short = startProgram(directory);
    const { url = "" } = await short.saw("ready");
    const long = startProgram(directory, ["--supervise"]);
    expect(await long.saw("ready")).toMatchObject({ isOwner: false, url });
    short.child.kill("SIGTERM");
    await long.saw("started");
    expect(await ask(url, "select 1 as one")).toEqual([{ one: 1 }]);
    long.child.kill("SIGTERM");
    expect(await long.ended).toBe(0);
  });
});

describe.runIf(isRoot)("as root", () => {
  const dataOwner = (directory: string): number => statSync(path.join(directory, "data")).uid;

  test("where everybody may pass, the server is nobody", async () => {
    const directory = makeDirectory(0o755);
    await start({ directory });
    // Unless the programs themselves lie where only root may pass.
    expect([65_534, 0]).toContain(dataOwner(directory));
  });

  test("where only root may pass, it works too, and the files stay root's", async () => {
    const directory = makeDirectory(0o700);
    const postgres = await start({ directory });
    expect(dataOwner(directory)).toBe(0);
    expect(await ask(postgres.url, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  test("a directory whose rights changed between two starts", async () => {
    const directory = makeDirectory(0o755);
    await (await start({ directory })).stop();
    chmodSync(path.dirname(directory), 0o700);
    await (await start({ directory })).stop();
    chmodSync(path.dirname(directory), 0o755);
    expect(await ask((await start({ directory })).url, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  test("an ordinary user can run it", async ({ skip }) => {
    const canRead =
      spawnSync(process.execPath, ["-e", `require("node:fs").readFileSync(${JSON.stringify(program)})`], { uid: ordinaryUser, gid: ordinaryUser })
        .status === 0;
    skip(!canRead, "an ordinary user cannot read this checkout");
    const directory = makeDirectory(0o700);
    chownSync(path.dirname(directory), ordinaryUser, ordinaryUser);
    const owner = startProgram(directory, [], { uid: ordinaryUser, gid: ordinaryUser });
    const { url = "" } = await owner.saw("ready");
    expect(await ask(url, "select 1 as one")).toEqual([{ one: 1 }]);
    expect(dataOwner(directory)).toBe(ordinaryUser);
    owner.child.kill("SIGTERM");
    expect(await owner.ended).toBe(0);
  });
});
