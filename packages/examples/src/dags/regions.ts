/** A group that is mapped: each region goes through its tasks by itself, depth first, and is labelled by its name. */
import { Dag, getContext } from "tradewind";

interface Region {
  name: string;
  stores: number;
}
interface Figures extends Region {
  cents: number;
}

export const dag = new Dag("regions", {
  description: "One group of tasks per region, over a list that a task returns",
  tags: ["example", "mapping", "groups"],
  isPausedUponCreation: false,
});

const listRegions = dag.task("list_regions", (): Region[] => [
  { name: "north", stores: 3 },
  { name: "south", stores: 5 },
  { name: "islands", stores: 1 },
]);
const extract = dag.task("extract", ({ region }: { region: Region }): Figures => ({ ...region, cents: region.stores * 12_345 }), {
  mapIndexTemplate: ({ inputs }) => inputs.region.name,
});
const check = dag.task("check", ({ figures }: { figures: Figures }) => {
  if (figures.cents <= 0) throw new Error(`${figures.name} has sold nothing`);
  return { ...figures, average: figures.cents / figures.stores };
});
const report = dag.task("report", ({ regions }: { regions: { name: string; cents: number }[] }) => {
  for (const { name, cents } of regions) getContext().log.info(`${name}: ${(cents / 100).toFixed(2)} €`);
  return regions.reduce((total, { cents }) => total + cents, 0);
});

const checked = dag.taskGroup("region").expand({ region: listRegions() }, ({ region }) => check({ figures: extract({ region }) }));
report({ regions: checked.result });
