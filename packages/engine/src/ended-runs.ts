import { listDagsToLetIn } from "@tradewind/metadata";
import type { EngineContext } from "./context.ts";
import { eachOnItsOwn } from "./runs/each-on-its-own.ts";
import { letNextRunsIn } from "./runs/next-runs.ts";

/**
 * Lets next runs in after runs ended, one transaction at a time for all DAGs that came together meanwhile; none where nothing waits for it. What is lost when the process dies before is
 * found by the sweep.
 *
 * Whether something waits is asked without locks. So whoever makes something wait, having seen runs that were active, adds the DAG here once that is committed: one of the two sees the other.
 */
export class EndedRuns {
  readonly #context: () => EngineContext;
  #dagIds = new Set<string>();
  #working: Promise<void> | undefined;

  constructor(context: () => EngineContext) {
    this.#context = context;
  }

  add(dagIds: Iterable<string>): void {
    for (const dagId of dagIds) this.#dagIds.add(dagId);
    this.#working ??= this.#work();
  }

  async idle(): Promise<void> {
    await this.#working;
  }

  async #work(): Promise<void> {
    const context = this.#context();
    await Promise.resolve();
    while (this.#dagIds.size > 0) {
      const dagIds = [...this.#dagIds];
      this.#dagIds = new Set();
      try {
        await context.pausePoint("runs ended, next runs not started");
        const waiting = await listDagsToLetIn(context.hot, { dagIds });
        await eachOnItsOwn(context, waiting, (some) => letNextRunsIn(context, some));
      } catch (error) {
        context.onError(error, { what: "start of the next runs of DAGs", id: dagIds.slice(0, 5).join(", ") });
      }
    }
    this.#working = undefined;
  }
}
