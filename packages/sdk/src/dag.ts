import { DAG, type DagDefinition, DEFINITION_VERSION } from "./definition.ts";
import type { DagOptions } from "./dag-options.ts";
import { captureSite, checkId } from "./definition-error.ts";
import type { ParamDefinitions } from "./params.ts";
import { TaskContainer } from "./task-container.ts";

/**
 * A workflow: tasks, the order they run in, and when. Export it from a file in the DAG folder (alone, in a list, or in an object) and it is loaded.
 *
 * @example
 * export const dag = new Dag("daily_sales", { schedule: cron("0 6 * * *", { timezone: "Europe/Madrid" }), startDate: "2026-01-01" });
 * const stores = dag.task("list_stores", async () => ["north", "south"]);
 * const total = dag.task("store_total", async ({ store }: { store: string }) => ({ store, total: 42 }));
 * total.expand({ store: stores() });
 * @throws TradewindError `invalid_dag` for an id with other characters than letters, digits, `_`, `-` and `.`
 */
export class Dag<const P extends ParamDefinitions = {}> extends TaskContainer {
  readonly [DAG]: DagDefinition;
  readonly dagId: string;
  readonly options: DagOptions<P>;

  constructor(dagId: string, options: DagOptions<P> = {}) {
    checkId(dagId, "DAG");
    const definition: DagDefinition = {
      version: DEFINITION_VERSION,
      dagId,
      options: options,
      site: captureSite(Dag),
      groups: new Map(),
      tasks: new Map(),
      declared: [],
      edges: [],
      scopes: [],
      maps: new Map(),
      openGroups: [],
      openScopes: [],
    };
    super(definition, null);
    this[DAG] = definition;
    this.dagId = dagId;
    this.options = options;
  }
}
