import { spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { giveTo, type Unprivileged } from "./unprivileged-command.ts";

/**
 * The files of one embedded server, all under one directory:
 * `data/` (PGDATA), `password` (0600), `port` (kept, so that its address survives a restart), `server.log`, `start.lock`.
 */
export interface ServerFiles {
  readonly directory: string;
  readonly data: string;
  readonly password: string;
  readonly port: string;
  readonly log: string;
  readonly lock: string;
}

export const superuser = "tradewind";

export function serverFiles(directory: string): ServerFiles {
  const at = (name: string): string => path.join(directory, name);
  return { directory, data: at("data"), password: at("password"), port: at("port"), log: at("server.log"), lock: at("start.lock") };
}

/** Loopback is shared by everybody on the machine, so a password that only the owner can read is asked for. */
export function readOrCreatePassword(files: ServerFiles): string {
  if (existsSync(files.password)) return readFileSync(files.password, "utf8").trim();
  const password = randomBytes(24).toString("base64url");
  writeFileSync(files.password, `${password}\n`, { mode: 0o600, flag: "wx" });
  return password;
}

export function isInitialized(files: ServerFiles): boolean {
  return existsSync(path.join(files.data, "PG_VERSION"));
}

/** A data directory made by another major version cannot be read: say so before PostgreSQL says it less clearly. */
export function assertMajorVersion(files: ServerFiles, expected: number): void {
  const found = Number.parseInt(readFileSync(path.join(files.data, "PG_VERSION"), "utf8"), 10);
  if (found === expected) return;
  throw new Error(
    `Tried to start PostgreSQL ${expected} on "${files.data}", but that directory was made by PostgreSQL ${found}. ` +
      "Move the directory away to begin with an empty database, or go back to the Tradewind release that made it.",
  );
}

/** Makes the data directory under another name and moves it into place, so that a killed attempt leaves nothing half done. */
export async function initializeDataDirectory(files: ServerFiles, initdb: string, how: Unprivileged, password: string): Promise<void> {
  const draft = `${files.data}.new`;
  const passwordFile = path.join(files.directory, `initdb-password-${randomUUID()}`);
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  giveTo(how.owner, draft);
  if (how.owner) chownSync(passwordFile, how.owner.uid, how.owner.gid);
  try {
    await runInitdb(initdb, how, ["-D", draft, `--pwfile=${passwordFile}`]);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  rmSync(files.data, { recursive: true, force: true });
  renameSync(draft, files.data);
}

const initdbOptions = [
  "-U", superuser, "-A", "scram-sha-256", "-E", "UTF8", "--no-sync", "--no-instructions",
  "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
]; // prettier-ignore

function runInitdb(initdb: string, how: Unprivileged, args: readonly string[]): Promise<void> {
  const [command = initdb, ...rest] = [...how.prefix, initdb, ...initdbOptions, ...args];
  return new Promise((resolve, reject) => {
    const child = spawn(command, rest, { ...how.spawnOptions, cwd: "/", env: serverEnvironment(), stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`Tried to create a database in "${args[1]}": initdb ended with code ${code}.\n${output.trim()}`));
    });
  });
}

/** Nothing of ours: `PGPORT`, `PGDATA`, `LC_ALL` or a secret in our environment are not the server's business. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };
}

const keptLogBytes = 8 * 1024 * 1024;

/** One older log is kept. */
export function rotateLog(files: ServerFiles): void {
  if (existsSync(files.log) && statSync(files.log).size > keptLogBytes) renameSync(files.log, `${files.log}.1`);
}

export function readLogTail(files: ServerFiles, lines: number): string {
  if (!existsSync(files.log)) return "";
  return readFileSync(files.log, "utf8").trimEnd().split("\n").slice(-lines).join("\n");
}
