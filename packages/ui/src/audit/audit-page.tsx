import { Anchor } from "@mantine/core";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type EventLog, fetchEventLogs } from "../api/event-logs.ts";
import { whenNotLive } from "../api/live.ts";
import { Clipped } from "../parts/clipped.tsx";
import type { DataColumn } from "../parts/data-table/columns.ts";
import { DataTable } from "../parts/data-table/data-table.tsx";
import { Empty } from "../parts/empty.tsx";
import { ListPage } from "../parts/list-page.tsx";
import { RowButton } from "../parts/row-button.tsx";
import { Instant } from "../time/instant.tsx";
import { AUDIT_FILTERS, type AuditSearch } from "./audit-search.ts";
import { AuditEntry } from "./audit-entry.tsx";
import { summaryOf } from "./audit-details.ts";

const SOURCE = { queryKey: ["event-logs"], fetchPage: fetchEventLogs, refetchInterval: whenNotLive(5000) };

/** Who changed what, and when. */
export function AuditPage() {
  const search = useSearch({ from: "/audit" });
  const navigate = useNavigate({ from: "/audit" });
  const go = (next: AuditSearch) => void navigate({ search: next, replace: true, resetScroll: false });
  return (
    <ListPage title="Audit log">
      <DataTable
        label="Audit log"
        columns={columnsOf((entry) => go({ ...search, entry }))}
        source={SOURCE}
        rowKey={({ event_log_id: id }) => String(id)}
        search={search}
        onSearch={go}
        usualSort="-when"
        searchBy="event"
        empty={<Empty title="Nobody has changed anything yet">Every change that a person or a program makes is kept here, with who made it.</Empty>}
      />
      {search.entry !== undefined && <AuditEntry id={search.entry} onClose={() => go({ ...search, entry: undefined })} />}
    </ListPage>
  );
}

function columnsOf(open: (id: number) => void): readonly DataColumn<EventLog>[] {
  return [
    {
      id: "when",
      header: "When",
      width: 184,
      isFixed: true,
      orderBy: "when",
      isGreatestFirst: true,
      filter: AUDIT_FILTERS.when,
      cell: ({ when }) => <Instant at={when} />,
    },
    { id: "by", header: "By", width: 130, filter: AUDIT_FILTERS.by, card: "badge", cell: ({ owner }) => <Clipped text={owner ?? "–"} /> },
    {
      id: "event",
      header: "What",
      width: 190,
      orderBy: "event",
      card: "title",
      filter: AUDIT_FILTERS.event,
      cell: ({ event, event_log_id: id }) => <RowButton onClick={() => open(id)}>{event}</RowButton>,
    },
    {
      id: "dag",
      header: "DAG",
      width: 190,
      orderBy: "dag_id",
      filter: AUDIT_FILTERS.dag,
      isEmpty: ({ dag_id: dagId }) => dagId === null,
      cell: ({ dag_id: dagId }) =>
        dagId === null ? (
          "–"
        ) : (
          <Anchor component={Link} to="/dags/$dagId" params={{ dagId } as never} size="sm" c="inherit" title={dagId} truncate>
            {dagId}
          </Anchor>
        ),
    },
    {
      id: "run",
      header: "Run",
      width: 200,
      isExtra: true,
      orderBy: "run_id",
      filter: AUDIT_FILTERS.run,
      cell: ({ run_id: runId }) => <Clipped text={runId ?? "–"} />,
    },
    {
      id: "task",
      header: "Task",
      width: 150,
      orderBy: "task_id",
      filter: AUDIT_FILTERS.task,
      isEmpty: ({ task_id: taskId }) => taskId === null,
      cell: ({ task_id: taskId }) => <Clipped text={taskId ?? "–"} />,
    },
    { id: "details", header: "Details", width: 320, cell: ({ extra }) => <Clipped text={summaryOf(extra)} isCode /> },
  ];
}
