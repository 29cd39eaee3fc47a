import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useQueryClient } from "@tanstack/react-query";
import type { WhyAction } from "../api/why.ts";
import { usePermissions } from "../api/use-permissions.ts";
import { PAGES } from "../app/pages.ts";
import { usePause, useTrigger } from "../dags/dag-changes.ts";

const LOOK = { size: "compact-xs", variant: "default" } as const;

/** Pages that are about a kind of cause as a whole. */
const PAGE_OF: Readonly<Record<string, string>> = {
  edit_pool: "/pools",
  create_pool: "/pools",
  open_workers: "/workers",
  open_import_errors: "/import-errors",
  open_jobs: "/workers",
};

/** What can be done about a cause: done at once where that is safe, else the page where it is done. Nothing, where the user may not. */
export function WhyActionButton({ action }: { action: WhyAction }) {
  const { id, label, dag_id: dagId, dag_run_id: runId, task_id: taskId, map_index: mapIndex } = action;
  if (dagId !== null && id === "unpause_dag") return <Unpause dagId={dagId} label={label} />;
  if (dagId !== null && id === "trigger_dag") return <Trigger dagId={dagId} label={label} />;
  if (dagId !== null && runId !== null && taskId !== null) {
    const search = mapIndex !== null && mapIndex >= 0 ? { map_index: mapIndex } : {};
    return (
      <Button
        {...LOOK}
        component={Link}
        to="/dags/$dagId/runs/$runId/tasks/$taskId"
        params={{ dagId, runId, taskId } as never}
        search={search as never}
      >
        {id === "clear_task" ? "Open the task" : label}
      </Button>
    );
  }
  if (dagId !== null) {
    return (
      <Button {...LOOK} component={Link} to="/dags/$dagId" params={{ dagId } as never} search={(runId === null ? {} : { run: runId }) as never}>
        {label}
      </Button>
    );
  }
  return <PageLink path={PAGE_OF[id]} label={label} />;
}

function PageLink({ path, label }: { path: string | undefined; label: string }) {
  const may = usePermissions();
  const page = PAGES.find((known) => known.path === path);
  if (page === undefined || (page.permission !== null && !may(page.permission))) return null;
  return (
    <Button {...LOOK} component={Link} to={page.path}>
      {label}
    </Button>
  );
}

function Unpause({ dagId, label }: { dagId: string; label: string }) {
  const may = usePermissions();
  const queryClient = useQueryClient();
  const pause = usePause();
  if (!may("dags:edit", dagId)) return null;
  const unpause = () => pause.mutate({ dagId, isPaused: false }, { onSettled: () => void queryClient.invalidateQueries({ queryKey: ["why"] }) });
  return (
    <Button {...LOOK} loading={pause.isPending} onClick={unpause}>
      {label}
    </Button>
  );
}

function Trigger({ dagId, label }: { dagId: string; label: string }) {
  const may = usePermissions();
  const trigger = useTrigger();
  if (!may("dag_runs:create", dagId)) return null;
  return (
    <Button {...LOOK} loading={trigger.isPending} onClick={() => trigger.mutate({ dagId })}>
      {label}
    </Button>
  );
}
