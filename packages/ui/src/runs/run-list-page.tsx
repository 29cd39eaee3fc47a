import { useNavigate, useSearch } from "@tanstack/react-router";
import { type DagRun, fetchDagRuns } from "../api/dag-runs.ts";
import { whenNotLive } from "../api/live.ts";
import { allTargets } from "../changes/all-targets.ts";
import type { RunTarget } from "../changes/change-model.ts";
import { RunActions } from "../changes/run-actions.tsx";
import type { Picked } from "../parts/data-table/columns.ts";
import { DataTable } from "../parts/data-table/data-table.tsx";
import { filtersOf, type TableSearch } from "../parts/data-table/table-search.ts";
import type { TableSource } from "../parts/data-table/use-table-pages.ts";
import { Empty } from "../parts/empty.tsx";
import { ListPage } from "../parts/list-page.tsx";
import { RUN_COLUMNS, runKey } from "./run-columns.tsx";

const SOURCE: TableSource<DagRun> = { queryKey: ["dag-runs"], fetchPage: fetchDagRuns, refetchInterval: whenNotLive(2000) };

/** The runs of all DAGs. */
export function RunListPage() {
  const search = useSearch({ from: "/runs" });
  const navigate = useNavigate({ from: "/runs" });
  const change = (next: TableSearch) => void navigate({ search: next, replace: true, resetScroll: false });
  return (
    <ListPage title="DAG runs">
      <DataTable
        label="DAG runs"
        columns={RUN_COLUMNS}
        source={SOURCE}
        rowKey={runKey}
        search={search}
        onSearch={change}
        usualSort="-after"
        searchBy="dag"
        empty={<Empty title="Nothing has run yet">Runs of all DAGs are listed here, as soon as there are some.</Empty>}
        bulk={(picked) => <RunActions runs={targetsOf(picked, search)} onDone={() => change({ ...search, picked: undefined })} buttons={2} />}
      />
    </ListPage>
  );
}

function targetsOf(picked: Picked, search: TableSearch) {
  if (picked.kind === "all") return allTargets(picked.total, filtersOf(RUN_COLUMNS, search), fetchDagRuns, (run) => targetOf(runKey(run)));
  return picked.keys.map(targetOf);
}

function targetOf(key: string): RunTarget {
  const [dagId = "", runId = ""] = key.split(" ");
  return { dagId, runId };
}
