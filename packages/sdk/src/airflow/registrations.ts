import { AsyncLocalStorage } from "node:async_hooks";
import { type AnyDag, isDag } from "../collect-dags.ts";
import { DAG } from "../definition.ts";

/** What one bundle of Airflow's SDK holds, as the loader reads it. */
export interface RegisteredBundle {
  dags(): Iterable<AnyDag>;
  /** Tasks of DAGs that are declared in Python, as `dag.task`. */
  foreignTasks(): Iterable<string>;
}

/** What the bundles that a DAG file made hold. */
export interface Registrations {
  /** False: the file made no bundle. */
  hasBundle: boolean;
  dags: AnyDag[];
  foreignTasks: string[];
}

// One storage for all loaded copies of this package.
const STORAGE = Symbol.for("tradewind.airflow-bundles");
type Holder = { [STORAGE]?: AsyncLocalStorage<RegisteredBundle[]> };
const storage: AsyncLocalStorage<RegisteredBundle[]> = ((globalThis as Holder)[STORAGE] ??= new AsyncLocalStorage<RegisteredBundle[]>());

/** A bundle was made; outside of a load nobody asks for it. */
export function announceBundle(bundle: RegisteredBundle): void {
  storage.getStore()?.push(bundle);
}

/**
 * Runs a load of a DAG file and gives what its bundles hold when it is over: a DAG may be registered late, and get its tasks later still.
 *
 * @example
 * const { value: exports, registrations } = await collectRegistrations(() => import(url));
 */
export async function collectRegistrations<T>(load: () => Promise<T>): Promise<{ value: T; registrations: Registrations }> {
  const bundles: RegisteredBundle[] = [];
  const value = await storage.run(bundles, load);
  return {
    value,
    registrations: {
      hasBundle: bundles.length > 0,
      dags: [...new Set(bundles.flatMap((bundle) => [...bundle.dags()]))],
      foreignTasks: [...new Set(bundles.flatMap((bundle) => [...bundle.foreignTasks()]))],
    },
  };
}

/** The name under which registered DAGs are among the exports of their file. No export of a module can have it. */
export const REGISTERED_EXPORT = "Bundle.register()";
/** What begins the name of an export that holds a DAG of Airflow's SDK that no bundle of the file has. */
export const UNREGISTERED_PREFIX = "unregistered: ";

/**
 * The exports of a DAG file, as DAGs are looked for in them: with what its bundles hold. A file that makes a bundle defines what the bundle holds, and nothing else that is made
 * with Airflow's SDK. In a file that makes none, exported DAGs count, but give way to a file that registers them: it may be a module of that file.
 */
export function registeredExports(exports: Record<string, unknown>, { hasBundle, dags, foreignTasks }: Registrations): Record<string, unknown> {
  const names = Object.keys(exports);
  const isAirflows = (value: unknown) => isDag(value) && value[DAG].dialect?.language === "airflow";
  if (!hasBundle && !names.some((name) => isAirflows(exports[name]))) return exports;
  const kept = names.filter((name) => !hasBundle || !isAirflows(exports[name]));
  const renamed = kept.map((name) => [isAirflows(exports[name]) ? `${UNREGISTERED_PREFIX}${name}` : name, exports[name]] as const);
  const result: Record<string, unknown> = Object.fromEntries(renamed);
  if (hasBundle) result[REGISTERED_EXPORT] = dags;
  return foreignTasks.length === 0 ? result : Object.defineProperty(result, FOREIGN_TASKS, { value: foreignTasks });
}

const FOREIGN_TASKS: unique symbol = Symbol.for("tradewind.airflow.foreign-tasks");

/** Tasks of DAGs that Python files declare, for which the file has handlers: `dag.task`. */
export function foreignTasksOf(exports: object): readonly string[] {
  return (exports as { [FOREIGN_TASKS]?: readonly string[] })[FOREIGN_TASKS] ?? [];
}
