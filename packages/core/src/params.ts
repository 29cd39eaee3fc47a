import type { DagSpec, Json, ParamSpec } from "./dag-spec.ts";
import { TradewindError } from "./errors.ts";
import { showValue } from "./show-value.ts";

/** Says what is wrong with a value by a JSON schema; nothing when it fits. Given by those who have a validator. */
export type SchemaValidator = (schema: { [key: string]: Json }, value: Json) => string[];

export interface ResolveParamsInput {
  dagId: string;
  params: Readonly<Record<string, ParamSpec>>;
  /** What the run was triggered with. */
  conf: Json;
  /** Airflow's `dag_run_conf_overrides_params`, true by default: what conf says counts instead of a default. Off: conf changes no param. */
  confOverridesParams?: boolean;
  validate: SchemaValidator;
}

/**
 * The params of a run: defaults, and conf over them. Keys of conf that are no params are taken over too, as in Airflow.
 * @throws TradewindError `invalid_params`, listing every param that is missing or does not fit its schema.
 */
export function resolveParams({ dagId, params, conf, confOverridesParams = true, validate }: ResolveParamsInput): Record<string, Json> {
  const given = readConf(dagId, conf);
  const values = new Map<string, Json>();
  for (const [name, param] of Object.entries(params)) if (param.default !== undefined) values.set(name, param.default);
  if (confOverridesParams) for (const [name, value] of Object.entries(given)) values.set(name, value);
  const problems = Object.entries(params).flatMap(([name, param]) => findProblems(name, param, values.get(name), validate));
  if (problems.length === 0) return Object.fromEntries(values);
  throw new TradewindError("invalid_params", `The params for a run of DAG "${dagId}" are not acceptable: ${problems.join("; ")}.`, {
    details: { dagId, problems },
  });
}

/** The params in the order in which the author wrote them. */
export function paramsInOrder({ params, paramOrder }: Pick<DagSpec, "params" | "paramOrder">): [name: string, param: ParamSpec][] {
  if (paramOrder === undefined) return Object.entries(params);
  return paramOrder.map((name) => [name, params[name]!]);
}

function readConf(dagId: string, conf: Json): Record<string, Json> {
  if (conf === null) return {};
  if (typeof conf === "object" && !Array.isArray(conf)) return conf;
  throw new TradewindError("invalid_params", `The conf for a run of DAG "${dagId}" must be an object of params by name; found ${showValue(conf)}.`, {
    details: { dagId },
  });
}

function findProblems(name: string, param: ParamSpec, value: Json | undefined, validate: SchemaValidator): string[] {
  if (value === undefined) return [`"${name}" has no default and must be given`];
  return validate(param.schema, value).map((problem) => `"${name}" ${problem}`);
}
