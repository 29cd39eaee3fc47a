import { spawn } from "node:child_process";
import { existsSync, lchownSync, readdirSync, realpathSync, statSync } from "node:fs";
import path from "node:path";

/**
 * How to run a PostgreSQL program as somebody who is not root, because PostgreSQL refuses to run as root.
 *
 * - `same-user`: this process is not root; nothing to do.
 * - `nobody`: switch to uid 65534, when that user can reach the programs and the data.
 * - `user-namespace`: stay the real root user outside, look like uid 65534 inside; for folders only root can enter.
 */
export interface Unprivileged {
  readonly kind: "same-user" | "nobody" | "user-namespace";
  /** Who must own the data directory, as seen from this process. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  /** Command words put before the program. */
  readonly prefix: readonly string[];
  /** Extra options of `child_process.spawn`. */
  readonly spawnOptions: { readonly uid?: number; readonly gid?: number };
}

const nobodyId = 65_534;

const sameUser: Unprivileged = { kind: "same-user", owner: undefined, prefix: [], spawnOptions: {} };
const nobody: Unprivileged = {
  kind: "nobody",
  owner: { uid: nobodyId, gid: nobodyId },
  prefix: [],
  spawnOptions: { uid: nobodyId, gid: nobodyId },
};

/** Chooses by trying: each candidate must manage to run `program --version`. */
export async function chooseUnprivileged(program: string, directory: string): Promise<Unprivileged> {
  if (process.getuid?.() !== 0) return sameUser;
  const candidates: Unprivileged[] = [];
  if (canOthersEnter(path.dirname(realpathSync(program))) && canOthersEnter(realpathSync(directory))) candidates.push(nobody);
  const unshare = findOnPath("unshare");
  if (unshare) candidates.push(userNamespace(unshare));
  for (const candidate of candidates) {
    if (await runs(candidate, program)) return candidate;
  }
  throw new Error(
    `Tried to start PostgreSQL for "${directory}" as root: PostgreSQL refuses to run as root, user ${nobodyId} cannot reach ` +
      `that directory or "${program}", and a user namespace cannot be made here. Run Tradewind as an ordinary user, set ` +
      "TRADEWIND_HOME to a directory that everybody can enter, or set TRADEWIND__DATABASE__URL to a server of your own.",
  );
}

function userNamespace(unshare: string): Unprivileged {
  return {
    kind: "user-namespace",
    owner: { uid: 0, gid: 0 },
    prefix: [unshare, "-U", `--map-user=${nobodyId}`, `--map-group=${nobodyId}`],
    spawnOptions: {},
  };
}

function runs(how: Unprivileged, program: string): Promise<boolean> {
  const [command, ...args] = [...how.prefix, program, "--version"];
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...how.spawnOptions, stdio: "ignore", cwd: "/" });
    child.once("error", () => resolve(false));
    child.once("exit", (code) => resolve(code === 0));
  });
}

/** This folder and every one above it must let others pass. */
function canOthersEnter(folder: string): boolean {
  for (;;) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
    const parent = path.dirname(folder);
    if (parent === folder) return true;
    folder = parent;
  }
}

/** Gives the directory and all in it to `owner`; a cheap check of the top spares the walk at every start. */
export function giveTo(owner: Unprivileged["owner"], directory: string): void {
  if (!owner) return;
  const found = statSync(directory);
  if (found.uid === owner.uid && found.gid === owner.gid) return;
  for (const entry of readdirSync(directory, { recursive: true, encoding: "utf8" })) {
    lchownSync(path.join(directory, entry), owner.uid, owner.gid);
  }
  lchownSync(directory, owner.uid, owner.gid);
}

export function findOnPath(program: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(path.delimiter), "/usr/bin", "/bin", "/usr/sbin", "/sbin"];
  return folders
    .filter((folder) => folder !== "")
    .map((folder) => path.join(folder, program))
    .find((file) => existsSync(file));
}
