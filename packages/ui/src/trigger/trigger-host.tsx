import { useRouterState } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { readTriggerSearch } from "./trigger-search.ts";
import { CLOSED, useChangeTrigger } from "./use-open-trigger.ts";

const TriggerDialog = lazy(async () => ({ default: (await import("./trigger-dialog.tsx")).TriggerDialog }));

/** The trigger form when the address says so, over whatever page is open. */
export function TriggerHost() {
  const search = useRouterState({ select: ({ location }) => location.search as Record<string, unknown> });
  const { trigger, triggerFrom, triggerConf } = readTriggerSearch(search);
  const change = useChangeTrigger();
  if (trigger === undefined) return null;
  return (
    <Suspense fallback={null}>
      <TriggerDialog
        key={`${trigger} ${triggerFrom}`}
        dagId={trigger}
        fromRunId={triggerFrom}
        preset={triggerConf}
        onConf={(conf) => change({ triggerConf: conf }, { replace: true })}
        onClose={() => change(CLOSED, { replace: true })}
      />
    </Suspense>
  );
}
