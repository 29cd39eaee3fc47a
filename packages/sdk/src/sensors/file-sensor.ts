import { type FileLocation, openLocation } from "../files/file-location.ts";
import { selectFiles } from "../files/select-files.ts";
import type { NoInputs } from "../inputs.ts";
import { type Operator, renderTemplate, type Templated } from "../operator.ts";
import { PokeReturn } from "./poke-return.ts";
import { makeSensor } from "./sensor.ts";
import type { SensorOptions } from "./sensor-options.ts";

export interface FileSensorOptions<Inputs = NoInputs> extends SensorOptions {
  /** A file; a folder, with a slash at the end, that has a file in it or below it; or a pattern. On the worker's disk, or in an object store. */
  path: Templated<FileLocation, Inputs>;
}

/**
 * Waits for files; the result is the list of those that are there. Airflow's FileSensor, S3KeySensor, GCSObjectExistenceSensor and WasbBlobSensor.
 *
 * @example
 * const arrived = dag.add(fileSensor("orders_arrived", { path: ({ ds }) => `/data/in/${ds}/orders_*.csv`, mode: "reschedule", pokeInterval: "5m", timeout: "6h" }));
 */
export function fileSensor<Inputs = NoInputs>(taskId: string, options: FileSensorOptions<Inputs>): Operator<Inputs, string[]> {
  const { path, ...rest } = options;
  return makeSensor<Inputs, string[]>(taskId, "file_sensor", rest, async (context) => {
    const location = await openLocation(await renderTemplate(path, context, "path"));
    const { paths } = await selectFiles(location);
    const files = paths.map((one) => location.store.label(one));
    context.log.info(files.length === 0 ? `Nothing at ${location.store.label(location.path)}` : `Found ${files.length} files, such as ${files[0]}`);
    return new PokeReturn(files.length > 0, files);
  });
}
