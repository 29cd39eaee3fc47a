import { SegmentedControl } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type DagWithRuns, fetchDags } from "../../api/dag-list.ts";
import { whenNotLive } from "../../api/live.ts";
import { usePermissions } from "../../api/use-permissions.ts";
import { allTargets } from "../../changes/all-targets.ts";
import type { Picked } from "../../parts/data-table/columns.ts";
import { DataTable } from "../../parts/data-table/data-table.tsx";
import { filtersOf, type TableSearch } from "../../parts/data-table/table-search.ts";
import type { TableSource } from "../../parts/data-table/use-table-pages.ts";
import { Empty } from "../../parts/empty.tsx";
import { ListPage } from "../../parts/list-page.tsx";
import { DAG_COLUMNS } from "./dag-columns.tsx";
import { SHOWN, type Shown, shownOf, withShown } from "./dag-list-search.ts";
import { ImportErrorsNotice } from "./import-errors-notice.tsx";
import { PauseMany } from "./pause-many.tsx";
import classes from "./dag-list.module.css";

const SOURCE: TableSource<DagWithRuns> = { queryKey: ["dags"], fetchPage: fetchDags, refetchInterval: whenNotLive(2000) };
const ROW_PX = 50;
const WORDS: Readonly<Record<Shown, string>> = {
  all: "All",
  starred: "Favourites",
  on: "On",
  paused: "Paused",
  failed: "Failed",
  running: "Running",
};

/** All DAGs with their latest runs. */
export function DagListPage() {
  const search = useSearch({ from: "/dags" });
  const navigate = useNavigate({ from: "/dags" });
  const may = usePermissions();
  const change = (next: TableSearch) => void navigate({ search: next, replace: true, resetScroll: false });
  return (
    <ListPage
      title="DAGs"
      aside={
        <SegmentedControl
          size="xs"
          className={classes["shown"] ?? ""}
          aria-label="Which DAGs"
          value={shownOf(search) ?? ""}
          onChange={(value) => change(withShown(search, value as Shown))}
          data={SHOWN.map((value) => ({ value, label: WORDS[value] }))}
        />
      }
    >
      <ImportErrorsNotice />
      <DataTable
        label="DAGs"
        columns={DAG_COLUMNS}
        source={SOURCE}
        rowKey={dagKey}
        rowHeight={ROW_PX}
        search={search}
        onSearch={change}
        usualSort="dag"
        searchBy="dag"
        empty={
          <Empty title="There are no DAGs yet">
            Put a file that makes one into a folder that the dag-processor watches: it is here a moment after it was saved.
          </Empty>
        }
        {...(may("dags:edit")
          ? { bulk: (picked: Picked) => <PauseMany dags={targetsOf(picked, search)} onDone={() => change({ ...search, picked: undefined })} /> }
          : {})}
      />
    </ListPage>
  );
}

function dagKey({ dag }: DagWithRuns): string {
  return dag.dag_id;
}

function targetsOf(picked: Picked, search: TableSearch) {
  return picked.kind === "all" ? allTargets(picked.total, filtersOf(DAG_COLUMNS, search), fetchDags, dagKey, "dag_id") : picked.keys;
}
