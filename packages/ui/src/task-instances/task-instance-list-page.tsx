import { useNavigate, useSearch } from "@tanstack/react-router";
import { whenNotLive } from "../api/live.ts";
import type { TaskInstance } from "../api/queries.ts";
import { fetchTaskInstances } from "../api/task-instance-list.ts";
import { allTargets } from "../changes/all-targets.ts";
import type { InstanceTarget } from "../changes/change-model.ts";
import { TaskInstanceActions } from "../changes/task-instance-actions.tsx";
import type { Picked } from "../parts/data-table/columns.ts";
import { DataTable } from "../parts/data-table/data-table.tsx";
import { filtersOf, type TableSearch } from "../parts/data-table/table-search.ts";
import type { TableSource } from "../parts/data-table/use-table-pages.ts";
import { Empty } from "../parts/empty.tsx";
import { ListPage } from "../parts/list-page.tsx";
import { INSTANCE_COLUMNS, instanceKey } from "./task-instance-columns.tsx";

const SOURCE: TableSource<TaskInstance> = { queryKey: ["task-instances"], fetchPage: fetchTaskInstances, refetchInterval: whenNotLive(2000) };

/** The task instances of all DAGs and runs. */
export function TaskInstanceListPage() {
  const search = useSearch({ from: "/task-instances" });
  const navigate = useNavigate({ from: "/task-instances" });
  const change = (next: TableSearch) => void navigate({ search: next, replace: true, resetScroll: false });
  return (
    <ListPage title="Task instances">
      <DataTable
        label="Task instances"
        columns={INSTANCE_COLUMNS}
        source={SOURCE}
        rowKey={instanceKey}
        search={search}
        onSearch={change}
        usualSort="-started"
        searchBy="task"
        empty={<Empty title="Nothing has run yet">Task instances of all runs are listed here, as soon as there are some.</Empty>}
        bulk={(picked) => (
          <TaskInstanceActions instances={targetsOf(picked, search)} onDone={() => change({ ...search, picked: undefined })} buttons={3} />
        )}
      />
    </ListPage>
  );
}

function targetsOf(picked: Picked, search: TableSearch) {
  if (picked.kind === "all")
    return allTargets(picked.total, filtersOf(INSTANCE_COLUMNS, search), fetchTaskInstances, (one) => targetOf(instanceKey(one)));
  return picked.keys.map(targetOf);
}

function targetOf(key: string): InstanceTarget {
  const [dagId = "", runId = "", taskId = "", mapIndex] = key.split(" ");
  return { dagId, runId, taskId, mapIndex: Number(mapIndex) };
}
