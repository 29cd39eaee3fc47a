import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

export interface DagFolder {
  root: string;
  write(files: Record<string, string>): Promise<void>;
  path(name: string): string;
}

/** A DAG folder for one test, somewhere without node_modules, removed when the test ends. */
export async function dagFolder(files: Record<string, string>, prefix = "tradewind-dags-"): Promise<DagFolder> {
  const root = await realpath(await mkdtemp(join(tmpdir(), prefix)));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const write = async (more: Record<string, string>) => {
    for (const [name, text] of Object.entries(more)) {
      await mkdir(dirname(join(root, name)), { recursive: true });
      await writeFile(join(root, name), text);
    }
  };
  await write(files);
  return { root, write, path: (name) => join(root, name) };
}
