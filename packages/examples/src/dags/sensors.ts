/** Three ways to wait: for a file, for some time after the data interval, and for whatever a function of one's own looks at. */
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { Dag, every, getContext, PokeReturn, type TemplateContext } from "tradewind";
import { fileTransfer } from "tradewind/operators";
import { fileSensor, timeDeltaSensor } from "tradewind/sensors";

const folder = join(tmpdir(), `tradewind-sensors-${userInfo().uid}`);

export const dag = new Dag("sensors", {
  description: "Sensors that wait for files, for time, and for a function",
  schedule: every("1d"),
  startDate: "2026-01-01",
  tags: ["example", "sensors"],
});

// Plays the part of a partner who delivers files at a time of their own.
const deliver = dag.task("deliver", async () => {
  const day = join(folder, "in", getContext().run.runId);
  await mkdir(day, { recursive: true });
  await Promise.all(["north", "south"].map((store) => writeFile(join(day, `orders_${store}.csv`), `store;orders\n${store};12\n`)));
});

// In mode "reschedule" a sensor holds no slot between two looks.
const patient = { mode: "reschedule", timeout: "10m" } as const;
const arrived = dag.add(fileSensor("arrived", { path: ({ run }) => `${folder}/in/${run.runId}/orders_*.csv`, pokeInterval: "2s", ...patient }));
const settled = dag.add(timeDeltaSensor("late_data_is_in", { delta: "1s", pokeInterval: "2s", ...patient, softFail: true }));

// What comes with the PokeReturn is the sensor's result.
const complete = dag.sensor(
  "complete",
  ({ files, least }: { files: string[]; least: number }) => {
    getContext().log.info(`${files.length} of ${least} files are there`);
    return new PokeReturn(files.length >= least, files);
  },
  { pokeInterval: "1s", timeout: "1m" },
);

const archive = dag.task(
  fileTransfer("archive", {
    source: ({ inputs }: TemplateContext<{ file: string }>) => inputs.file,
    destination: ({ run }) => `${folder}/archive/${run.runId}/`,
    overwrite: "replace",
  }),
);

deliver();
const files = complete({ files: arrived, least: 2 });
files.after(settled);
archive.expand({ file: files });
