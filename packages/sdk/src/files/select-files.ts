import { matchesGlob } from "node:path/posix";
import type { OpenLocation } from "./file-location.ts";

export interface SelectedFiles {
  /** In the store. */
  paths: string[];
  /** What the paths have in common, to be left out where they are copied to: `""`, or with a slash at the end. */
  base: string;
  /** One file was named, and not a folder or a pattern. */
  isSingle: boolean;
}

const GLOB = /[*?[{]/;

/** The files that a location means: one file, all below a folder (a slash at the end), or those that match a pattern (`*`, `**`, `?`, `[…]`, `{a,b}`). */
export async function selectFiles({ store, path }: OpenLocation): Promise<SelectedFiles> {
  const special = path.search(GLOB);
  if (special !== -1) {
    const base = path.slice(0, path.lastIndexOf("/", special) + 1);
    const paths = (await store.list(base)).filter((one) => matchesGlob(one, path));
    return { paths, base, isSingle: false };
  }
  if (path === "" || path.endsWith("/")) return { paths: await store.list(path), base: path, isSingle: false };
  const facts = await store.stat(path);
  const base = path.slice(0, path.lastIndexOf("/") + 1);
  return { paths: facts === undefined || facts.isDirectory ? [] : [path], base, isSingle: true };
}
