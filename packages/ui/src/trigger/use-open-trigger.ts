import { useNavigate } from "@tanstack/react-router";
import { useCallback } from "react";
import type { Conf } from "./trigger-form-model.ts";
import type { TriggerSearch } from "./trigger-search.ts";

/** Opens the trigger form of a DAG over the page that is open: with the params of one of its runs, or with values of one's own. */
export function useOpenTrigger(): (dagId: string, first?: { from?: string; conf?: Conf }) => void {
  const change = useChangeTrigger();
  return useCallback((dagId, { from, conf } = {}) => change({ trigger: dagId, triggerFrom: from, triggerConf: conf }), [change]);
}

/** Changes the form's part of the address, and leaves the page's alone. */
export function useChangeTrigger(): (next: TriggerSearch, how?: { replace?: boolean }) => void {
  const navigate = useNavigate();
  return useCallback(
    (next, { replace = false } = {}) =>
      void navigate({ to: ".", search: ((before: Record<string, unknown>) => ({ ...before, ...next })) as never, replace, resetScroll: false }),
    [navigate],
  );
}

export const CLOSED: TriggerSearch = { trigger: undefined, triggerFrom: undefined, triggerConf: undefined };
