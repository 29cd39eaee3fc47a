import { useNavigate, useSearch } from "@tanstack/react-router";
import { type DagRun, fetchDagRuns } from "../api/dag-runs.ts";
import { whenNotLive } from "../api/live.ts";
import { DataTable } from "../parts/data-table/data-table.tsx";
import type { TableSource } from "../parts/data-table/use-table-pages.ts";
import { Empty } from "../parts/empty.tsx";
import { ListPage } from "../parts/list-page.tsx";
import { RUN_COLUMNS, runKey } from "./run-columns.tsx";

const SOURCE: TableSource<DagRun> = { queryKey: ["dag-runs"], fetchPage: fetchDagRuns, refetchInterval: whenNotLive(2000) };

/** The runs of all DAGs. */
export function RunListPage() {
  const search = useSearch({ from: "/runs" });
  const navigate = useNavigate({ from: "/runs" });
  return (
    <ListPage title="DAG runs">
      <DataTable
        label="DAG runs"
        columns={RUN_COLUMNS}
        source={SOURCE}
        rowKey={runKey}
        search={search}
        onSearch={(next) => void navigate({ search: next, replace: true, resetScroll: false })}
        usualSort="-after"
        searchBy="dag"
        empty={<Empty title="Nothing has run yet">Runs of all DAGs are listed here, as soon as there are some.</Empty>}
      />
    </ListPage>
  );
}
