import { createHash } from "node:crypto";
import { constants, readdirSync, readFileSync, statSync } from "node:fs";
import { access, chmod, mkdir, mkdtemp, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { sha256Hex } from "../fingerprint.ts";
import { type PackedInput, type PackedProgram, packProgram, SDK_SOURCE } from "./pack-program.ts";

/** The program of a child process as files that Node starts from much faster than from the sources. */
export interface ChildProgram {
  /** The file to start. */
  main: string;
  /** Holds all of it; tells others that it is in use by its time of change. */
  folder: string;
  /** For the child: see `useOwnPackage`. */
  ownPackage: OwnPackage;
}

/** Where a child that runs a packed program finds `tradewind`, and what that depends on. */
export interface OwnPackage {
  /** URL of the folder; ends with a slash. */
  url: string;
  /** By what is imported: URL of the module. */
  entries: Record<string, string>;
  /** URLs of the sources beside which dependencies from npm are found. */
  lookupFrom: string[];
}

export interface ChildProgramRequest {
  /** The program's source, absolute. */
  entry: string;
  /** Where packed programs are kept: each is looked at, and the first that can be written to gets what is missing. */
  folders: readonly string[];
}

interface Manifest {
  entry: string;
  main: string;
  entries: Record<string, string>;
  inputs: PackedInput[];
  /** Its files with their sizes: after a crash of the machine they may be empty. */
  files: { name: string; size: number }[];
}

const SDK_URL = pathToFileURL(SDK_SOURCE).href;
const MANIFEST = "manifest.json";
/** Frames of its code are known by this name of the folder; see `isInternalFrame` of `tradewind/author-frames`. */
const FOLDER_NAME = /^tradewind-program-[0-9a-f]{16}$/u;
/** A program that nobody has used for so long is removed. Who uses one says so each day; see `touchChildProgram`. */
const UNUSED_FOR_MS = 7 * 24 * 60 * 60_000;
const COMPILED_FOR_MS = 14 * 24 * 60 * 60_000;

/** Beside the sources of this installation, where its other caches are: shared by all that runs from them. */
export const INSTALLATION_PROGRAMS = fileURLToPath(new URL("../../../../node_modules/.cache/tradewind-programs", import.meta.url));

/**
 * The packed form of a program, made now unless it is there. Several processes may ask at once.
 * @throws when it can neither be found nor made, or no folder can be written to; the program then runs from its source as well
 */
export async function prepareChildProgram({ entry, folders }: ChildProgramRequest): Promise<ChildProgram> {
  for (const folder of folders) {
    const found = findProgram(folder, entry);
    if (found === undefined) continue;
    await touchChildProgram(found);
    return found;
  }
  let problem: unknown;
  for (const folder of folders) {
    try {
      // Before anything is packed: where nothing can be kept, each start would pay for it in vain.
      await mkdir(folder, { recursive: true });
      await access(folder, constants.W_OK);
      const made = await writeProgram(folder, entry, await packProgram(entry));
      await removeUnused(folder);
      return made;
    } catch (error) {
      problem ??= error;
    }
  }
  throw problem;
}

/** Says that the program is in use, so that it stays. */
export async function touchChildProgram({ folder }: ChildProgram): Promise<void> {
  const now = new Date();
  // Of another user's program it cannot be said. Should that user remove it, the next children start from the sources.
  await utimes(folder, now, now).catch(() => undefined);
}

/** Where children of the program keep what they have compiled. */
export function compileCacheOf({ folder }: Pick<ChildProgram, "folder">): string {
  return join(folder, "compile-cache");
}

/**
 * Removes what was compiled long ago: nothing tells which of it is still used, each version of a DAG file adds to it, and what is missed is compiled and kept again. Never rejects.
 */
export async function removeOldCompiled(compileCacheDir: string): Promise<void> {
  const names = await readdir(compileCacheDir, { recursive: true }).catch(() => []);
  for (const path of names.map((name) => join(compileCacheDir, name))) {
    const stats = await stat(path).catch(() => null);
    if (stats?.isFile() === true && Date.now() - stats.mtimeMs > COMPILED_FOR_MS) await rm(path, { force: true }).catch(() => undefined);
  }
}

// Reads and stats in one go: a start waits for nothing but this, and for each call apart it would wait longer.
function findProgram(folder: string, entry: string): ChildProgram | undefined {
  for (const name of namesIn(folder)) {
    const path = join(folder, name);
    const manifest = readUsable(path, entry);
    if (manifest !== undefined) return programIn(path, manifest);
  }
  return undefined;
}

/** Made by this user or by root, and by nobody else to be changed: what lies there is run. */
function isTrusted(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  const ownUid = process.getuid?.();
  return stats !== undefined && (ownUid === undefined || ((stats.uid === 0 || stats.uid === ownUid) && (stats.mode & 0o022) === 0));
}

function readUsable(path: string, entry: string): Manifest | undefined {
  if (!isTrusted(path)) return undefined;
  const manifest = readManifest(path);
  return manifest?.entry === entry && isWhole(path, manifest) && manifest.inputs.every(isUnchanged) ? manifest : undefined;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => FOLDER_NAME.test(name));
  } catch {
    return [];
  }
}

function readManifest(path: string): Manifest | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(path, MANIFEST), "utf8")) as Partial<Manifest>;
    // An earlier version of Tradewind said less.
    return manifest.files === undefined ? undefined : (manifest as Manifest);
  } catch {
    return undefined;
  }
}

function isWhole(path: string, { files }: Manifest): boolean {
  return files.every(({ name, size }) => statSync(join(path, name), { throwIfNoEntry: false })?.size === size);
}

/** By its stats, else by its content: copies and checkouts have new times. */
function isUnchanged({ path, mtimeMs, size, sha256 }: PackedInput): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || stats.size !== size) return false;
  return stats.mtimeMs === mtimeMs || sha256Hex(readFileSync(path)) === sha256;
}

/** Under a name of its own first: nobody finds a program that is half written. */
async function writeProgram(folder: string, entry: string, packed: PackedProgram): Promise<ChildProgram> {
  const { main, entries, inputs, files } = packed;
  const sizes = files.map(({ name, text }) => ({ name, size: Buffer.byteLength(text) }));
  const manifest: Manifest = { entry, main, entries, inputs, files: sizes };
  const temporary = await mkdtemp(join(folder, ".tmp-"));
  try {
    for (const { name, text } of [...files, { name: MANIFEST, text: JSON.stringify(manifest) }]) {
      await mkdir(dirname(join(temporary, name)), { recursive: true });
      await writeFile(join(temporary, name), text, { mode: 0o644 });
    }
    // Whoever installs need not be who runs.
    await chmod(temporary, 0o755);
    const path = join(folder, `tradewind-program-${hashOf(manifest, files)}`);
    await putInPlace(temporary, path, entry);
    return programIn(path, manifest);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** What lies there already is the same, written by another process that was first; or it is damaged, as by a crash of the machine, and would be found so at each start. */
async function putInPlace(temporary: string, path: string, entry: string): Promise<void> {
  if ((await moveTo(path, temporary)) || readUsable(path, entry) !== undefined) return;
  // Others may be doing the same at this moment.
  await rename(path, `${temporary}-damaged`).catch(() => undefined);
  const isThere = (await moveTo(path, temporary)) || readUsable(path, entry) !== undefined;
  await rm(`${temporary}-damaged`, { recursive: true, force: true });
  if (!isThere)
    throw new Error(`Tried to write the packed program to "${path}", where something lies that is not one and cannot be moved away. Remove it.`);
}

/** false: something is there already. */
async function moveTo(path: string, temporary: string): Promise<boolean> {
  try {
    await rename(temporary, path);
    return true;
  } catch (error) {
    if (!isTaken(error)) throw error;
    return false;
  }
}

/** Of what it is made of as well: the same code of other sources has another list of them. */
function hashOf(manifest: Manifest, files: PackedProgram["files"]): string {
  const hash = createHash("sha256").update(manifest.entry);
  for (const { path, sha256 } of manifest.inputs.toSorted((a, b) => (a.path < b.path ? -1 : 1))) hash.update(`\n${path} ${sha256}`);
  for (const { name, text } of files) hash.update(`\n${name} ${sha256Hex(text)}`);
  return hash.digest("hex").slice(0, 16);
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOTEMPTY" || error.code === "EEXIST");
}

function programIn(folder: string, { main, entries }: Manifest): ChildProgram {
  const url = `${pathToFileURL(folder).href}/`;
  const urls = Object.entries(entries).map(([specifier, file]) => [specifier, new URL(file, url).href]);
  const lookupFrom = [SDK_URL, import.meta.url];
  return { main: join(folder, main), folder, ownPackage: { url, entries: Object.fromEntries(urls) as Record<string, string>, lookupFrom } };
}

async function removeUnused(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }));
    if (Date.now() - mtimeMs > UNUSED_FOR_MS) await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}
