import type { Conf } from "./trigger-form-model.ts";

/** The trigger form in the address of any page: it opens over the page, and what is filled in stays when the page is loaded again or handed to somebody. */
export interface TriggerSearch {
  /** The DAG whose form is open. */
  trigger?: string | undefined;
  /** A run whose params are the first values: to run it again. */
  triggerFrom?: string | undefined;
  /** First values by param, over the defaults; what is filled in comes here. */
  triggerConf?: Conf | undefined;
}

export function readTriggerSearch({ trigger, triggerFrom, triggerConf }: Record<string, unknown>): TriggerSearch {
  if (typeof trigger !== "string" || trigger === "") return {};
  return {
    trigger,
    ...(typeof triggerFrom === "string" && triggerFrom !== "" ? { triggerFrom } : {}),
    ...(typeof triggerConf === "object" && triggerConf !== null && !Array.isArray(triggerConf) ? { triggerConf: triggerConf as Conf } : {}),
  };
}
