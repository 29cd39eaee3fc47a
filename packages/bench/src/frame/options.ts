import { parseArgs } from "node:util";
import type { AirflowTuning } from "../systems/airflow-settings.ts";
import type { SystemKind } from "../systems/system.ts";
import { SHAPES } from "./shapes.ts";
import type { Shape, Size } from "./shape.ts";

export interface Options {
  shapes: readonly Shape[];
  systems: readonly SystemKind[];
  tuning: AirflowTuning;
  size: Size;
  json: boolean;
  out?: string;
  help: boolean;
}

export class UsageError extends Error {}

/** Reads the command line. @throws UsageError */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parse(args);
  const unknown = positionals.filter((name) => name !== "all" && !SHAPES.some((shape) => shape.name === name));
  if (unknown.length > 0)
    throw new UsageError(`There is no benchmark "${unknown.join('", "')}". There are: all, ${SHAPES.map(({ name }) => name).join(", ")}.`);
  if (values.vs !== undefined && values.vs !== "airflow") throw new UsageError(`--vs takes airflow, got "${values.vs}".`);
  const isAll = positionals.length === 0 || positionals.includes("all");
  const systems: SystemKind[] =
    values.only === undefined
      ? ["tradewind", ...(values.vs === "airflow" ? (["airflow"] as const) : [])]
      : [oneOf("--only", values.only, ["tradewind", "airflow"])];
  return {
    shapes: SHAPES.filter(({ name }) => isAll || positionals.includes(name)),
    systems,
    tuning: oneOf("--airflow-settings", values["airflow-settings"], ["tuned", "default"]),
    size: oneOf("--size", values.size, ["full", "small"]),
    json: values.json,
    ...(values.out === undefined ? {} : { out: values.out }),
    help: values.help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        vs: { type: "string" },
        only: { type: "string" },
        "airflow-settings": { type: "string", default: "tuned" },
        size: { type: "string", default: "full" },
        json: { type: "boolean", default: false },
        out: { type: "string" },
        help: { type: "boolean", default: false, short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw new UsageError(`${option} takes ${allowed.join(" or ")}, got "${value}".`);
  return found;
}

export const HELP = `npm run bench -- [NAME… | all] [options]

  --vs airflow                       also Apache Airflow, after each shape of ours, and the ratio
  --only tradewind|airflow           one of the two alone
  --airflow-settings tuned|default   default: tuned as its documentation advises
  --size full|small                  small: only whether the shapes work
  --json                             everything as JSON on stdout
  --out FILE                         where the results go after each shape; default: a new file in the cache folder

${SHAPES.map(({ name, what }) => `  ${name.padEnd(18)} ${what}`).join("\n")}
`;
