/** A scratch folder that is there for the tasks in between, and gone afterwards, whatever happens to them. */
import { Dag, getContext } from "tradewind";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const dag = new Dag("setup_teardown", {
  description: "A scratch folder with a setup, a teardown and work in between",
  tags: ["example", "setup"],
  isPausedUponCreation: false,
  params: { fail: { type: "boolean", default: false, description: "Let the work fail: the folder goes all the same." } },
});

const makeFolder = dag.task("make_folder", async () => ({ path: await mkdtemp(join(tmpdir(), "scratch-")) }));
const removeFolder = dag.task("remove_folder", async ({ path }: { path: string }) => {
  await rm(path, { recursive: true, force: true });
});
const write = dag.task("write", async ({ folder }: { folder: string }) => {
  if (getContext<typeof dag>().params.fail) throw new Error("the work failed, as was asked for");
  const file = join(folder, "numbers.txt");
  await writeFile(file, "1\n2\n3\n");
  return file;
});
const sum = dag.task("sum", async ({ file }: { file: string }) => {
  const lines = (await readFile(file, "utf8")).trim().split("\n");
  return lines.reduce((total, line) => total + Number(line), 0);
});

const folder = makeFolder();
const removed = removeFolder({ path: folder.get("path") }).asTeardown({ setups: folder });
dag.scope(removed, () => sum({ file: write({ folder: folder.get("path") }) }));
