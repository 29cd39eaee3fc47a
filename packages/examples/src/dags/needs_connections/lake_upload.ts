/**
 * Files from the worker's disk into an object store, and from there into another place. The same operator goes between S3, GCS, Azure and disks.
 *
 * `tradewind connections set lake 's3://KEY_ID:SECRET@?endpoint_url=https://s3.example.com'` and
 * `tradewind connections set partner 'fs://?path=/srv/partner'`
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Dag, type TemplateContext } from "tradewind";
import { fileTransfer } from "tradewind/operators";
import { fileSensor } from "tradewind/sensors";

export const dag = new Dag("lake_upload", {
  description: "Files from a disk to an object store, and on to a partner",
  doc: "Needs the connections `lake` (S3, with a bucket `sales`) and `partner` (a folder).",
  tags: ["example", "files", "needs a connection"],
  isPausedUponCreation: true,
});

const write = dag.setup("write_files", async () => {
  const folder = await mkdtemp(join(tmpdir(), "lake-upload-"));
  await Promise.all(["north", "south"].map((store) => writeFile(join(folder, `${store}.csv`), `store;orders\n${store};12\n`)));
  return folder;
});
const remove = dag.teardown("remove_files", ({ folder }: { folder: string }) => rm(folder, { recursive: true, force: true }));

const upload = dag.task(
  fileTransfer("upload", {
    source: ({ inputs }: TemplateContext<{ folder: string }>) => `${inputs.folder}/*.csv`,
    destination: ({ ds }) => `s3://lake@sales/${ds}/`,
    overwrite: "replace", // a second run does no harm
  }),
);

const uploaded = dag.add(
  fileSensor("uploaded", { path: ({ ds }) => `s3://lake@sales/${ds}/*.csv`, mode: "reschedule", pokeInterval: "1m", timeout: "1h" }),
);

const hand = dag.add(
  fileTransfer("hand_to_partner", {
    source: ({ ds }) => `s3://lake@sales/${ds}/north.csv`,
    // A connection of the type fs is a folder; paths are below it.
    destination: ({ ds }) => ({ connection: "partner", path: `in/${ds}/north.csv` }),
    overwrite: "skip",
  }),
);

const folder = write();
const sent = upload({ folder });
sent.before(uploaded.before(hand));
remove({ folder }).after(sent);
