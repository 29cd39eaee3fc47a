import { Button } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "../api/client.ts";
import { type Connection, deleteConnections, fetchConnections } from "../api/connections.ts";
import { usePermissions } from "../api/use-permissions.ts";
import { Clipped } from "../parts/clipped.tsx";
import type { DataColumn } from "../parts/data-table/columns.ts";
import { DataTable } from "../parts/data-table/data-table.tsx";
import { DeleteDialog } from "../parts/delete-dialog.tsx";
import { Empty } from "../parts/empty.tsx";
import { ListPage } from "../parts/list-page.tsx";
import { RowButton } from "../parts/row-button.tsx";
import { ConnectionDialog } from "./connection-dialog.tsx";
import { CONNECTION_FILTERS, type ConnectionSearch } from "./connection-search.ts";

const SOURCE = { queryKey: ["connections"], fetchPage: fetchConnections };

/** Where tasks find other systems, and with which credentials. */
export function ConnectionListPage() {
  const search = useSearch({ from: "/connections" });
  const navigate = useNavigate({ from: "/connections" });
  const isEditor = usePermissions()("connections:edit");
  const [doomed, setDoomed] = useState<readonly string[] | null>(null);
  const go = (next: ConnectionSearch) => void navigate({ search: next, replace: true, resetScroll: false });
  return (
    <ListPage
      title="Connections"
      aside={
        isEditor && (
          <Button size="xs" leftSection={<IconPlus size={14} />} onClick={() => go({ ...search, edit: "" })}>
            New connection
          </Button>
        )
      }
    >
      <DataTable
        label="Connections"
        columns={columnsOf((id) => go({ ...search, edit: id }))}
        source={SOURCE}
        rowKey={({ connection_id: id }) => id}
        search={search}
        onSearch={go}
        usualSort="id"
        searchBy="id"
        empty={
          <Empty title="There are no connections">
            Operators take them by id, so that no DAG file holds an address or a password. They are kept encrypted.
          </Empty>
        }
        {...(isEditor
          ? {
              bulk: (picked) =>
                picked.kind === "rows" && (
                  <Button size="xs" color="red" variant="light" leftSection={<IconTrash size={14} />} onClick={() => setDoomed(picked.keys)}>
                    Delete
                  </Button>
                ),
            }
          : {})}
      />
      {search.edit !== undefined && isEditor && <Edited connectionId={search.edit} onClose={() => go({ ...search, edit: undefined })} />}
      {doomed !== null && <Deletion ids={doomed} onClose={() => setDoomed(null)} onDone={() => go({ ...search, picked: undefined })} />}
    </ListPage>
  );
}

function columnsOf(edit: (id: string) => void): readonly DataColumn<Connection>[] {
  return [
    {
      id: "id",
      header: "Connection id",
      width: 220,
      orderBy: "connection_id",
      card: "title",
      filter: CONNECTION_FILTERS.id,
      cell: ({ connection_id: id }) => <RowButton onClick={() => edit(id)}>{id}</RowButton>,
    },
    { id: "type", header: "Type", width: 140, isFixed: true, orderBy: "conn_type", card: "badge", cell: ({ conn_type: type }) => type },
    {
      id: "host",
      header: "Host",
      width: 260,
      orderBy: "host",
      cell: ({ host, port }) => <Clipped text={host === null ? "–" : port === null ? host : `${host}:${port}`} isCode />,
    },
    { id: "login", header: "Login", width: 140, isEmpty: ({ login }) => login == null, cell: ({ login }) => <Clipped text={login ?? "–"} /> },
    { id: "schema", header: "Schema", width: 140, isEmpty: ({ schema }) => schema == null, cell: ({ schema }) => <Clipped text={schema ?? "–"} /> },
    {
      id: "description",
      header: "Description",
      width: 260,
      orderBy: "description",
      isEmpty: ({ description }) => description == null,
      cell: ({ description }) => <Clipped text={description ?? "–"} />,
    },
  ];
}

function Edited({ connectionId, onClose }: { connectionId: string; onClose: () => void }) {
  const { data } = useQuery({
    queryKey: ["connections", "one", connectionId],
    queryFn: async ({ signal }) =>
      (await api.GET("/api/v2/connections/{connection_id}", { params: { path: { connection_id: connectionId } }, signal })).data!,
    enabled: connectionId !== "",
    // What is being edited does not change under the hands.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  if (connectionId === "") return <ConnectionDialog connection={null} onClose={onClose} />;
  return data === undefined ? null : <ConnectionDialog connection={data} onClose={onClose} />;
}

function Deletion({ ids, onClose, onDone }: { ids: readonly string[]; onClose: () => void; onDone: () => void }) {
  const queryClient = useQueryClient();
  const remove = useMutation({
    mutationFn: deleteConnections,
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ["connections"] });
      onClose();
      onDone();
    },
  });
  return (
    <DeleteDialog what="connection" names={ids} isBusy={remove.isPending} onDelete={() => remove.mutate(ids)} onClose={onClose}>
      Tasks that use {ids.length === 1 ? "it" : "them"} will fail. Passwords cannot be brought back.
    </DeleteDialog>
  );
}
