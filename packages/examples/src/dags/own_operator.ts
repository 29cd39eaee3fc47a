/** An operator and a sensor of one's own, to be shared between DAGs: functions that take an id and options, as those of `tradewind/operators` do. */
import { statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import {
  Dag,
  getContext,
  type NoInputs,
  operator,
  PokeReturn,
  renderTemplate,
  RescheduleTask,
  type TaskOptions,
  type TemplateContext,
  templateContext,
  type Templated,
} from "tradewind";
import { makeSensor, type SensorOptions } from "tradewind/sensors";

interface LetterOptions<Inputs> extends TaskOptions {
  /** May be a function of the context, as Airflow's template_fields may be templates. */
  greeting: Templated<string, Inputs>;
}

function letter<Inputs extends { name: string }>(taskId: string, { greeting, ...options }: LetterOptions<Inputs>) {
  return operator<Inputs, string>(taskId, {
    operator: "letter", // for people, filters and metrics
    options, // retries, pool and the rest work as for any task
    handler: async (inputs) => `${await renderTemplate(greeting, templateContext(inputs))}, ${inputs.name}`,
  });
}

/** Waits until a disk has room. */
function diskSpaceSensor(taskId: string, { path, megabytes, ...options }: SensorOptions & { path: string; megabytes: number }) {
  return makeSensor<NoInputs, number>(taskId, "disk_space_sensor", options, async ({ log }) => {
    const { bavail, bsize } = await statfs(path);
    const free = Math.floor((bavail * bsize) / 2 ** 20);
    log.info(`${free} MB of ${megabytes} MB are free`);
    return new PokeReturn(free >= megabytes, free);
  });
}

export const dag = new Dag("own_operator", {
  description: "An operator and a sensor made for this project",
  tags: ["example", "operators"],
  isPausedUponCreation: false,
});

const room = dag.add(diskSpaceSensor("room_on_disk", { path: tmpdir(), megabytes: 1, mode: "reschedule", pokeInterval: "1m", timeout: "1h" }));
const write = dag.task(letter("write", { greeting: ({ ds }: TemplateContext<{ name: string }>) => `On ${ds} we greet you` }));

// A task may end its attempt and go on later by itself; until then it holds no slot, and the try stays the same.
const post = dag.task("post", ({ letters }: { letters: string[] }) => {
  const { rescheduleCount } = getContext().attempt;
  if (rescheduleCount === 0) throw new RescheduleTask({ after: "1s" });
  return `${letters.length} letters, the first: ${letters[0]}`;
});

post({ letters: write.expand({ name: ["Ada", "Grace"] }) }).after(room);
