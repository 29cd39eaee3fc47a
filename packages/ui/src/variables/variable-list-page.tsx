import { Button, Group } from "@mantine/core";
import { IconDownload, IconPlus, IconTrash, IconUpload } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { api } from "../api/client.ts";
import { usePermissions } from "../api/use-permissions.ts";
import { deleteVariables, fetchVariables, type Variable } from "../api/variables.ts";
import { Clipped } from "../parts/clipped.tsx";
import type { DataColumn } from "../parts/data-table/columns.ts";
import { DataTable } from "../parts/data-table/data-table.tsx";
import { DeleteDialog } from "../parts/delete-dialog.tsx";
import { Empty } from "../parts/empty.tsx";
import { ListPage } from "../parts/list-page.tsx";
import { RowButton } from "../parts/row-button.tsx";
import { ImportVariables } from "./import-variables.tsx";
import { VariableDialog } from "./variable-dialog.tsx";
import { VARIABLE_FILTERS, type VariableSearch } from "./variable-search.ts";

const SOURCE = { queryKey: ["variables"], fetchPage: fetchVariables };

/** Variables of all DAGs: what they are, and who may, edits them. */
export function VariableListPage() {
  const search = useSearch({ from: "/variables" });
  const navigate = useNavigate({ from: "/variables" });
  const isEditor = usePermissions()("variables:edit");
  const [doomed, setDoomed] = useState<readonly string[] | null>(null);
  const [isImporting, setImporting] = useState(false);
  const go = (next: VariableSearch) => void navigate({ search: next, replace: true, resetScroll: false });
  return (
    <ListPage
      title="Variables"
      aside={
        isEditor && (
          <Group gap="xs">
            <Button size="xs" variant="default" leftSection={<IconUpload size={14} />} onClick={() => setImporting(true)}>
              Import
            </Button>
            <Button size="xs" leftSection={<IconPlus size={14} />} onClick={() => go({ ...search, edit: "" })}>
              New variable
            </Button>
          </Group>
        )
      }
    >
      <DataTable
        label="Variables"
        columns={columnsOf((key) => go({ ...search, edit: key }))}
        source={SOURCE}
        rowKey={({ key }) => key}
        search={search}
        onSearch={go}
        usualSort="key"
        searchBy="key"
        tools={<ExportButton />}
        empty={<Empty title="There are no variables">Tasks read them by getClient().variables.get("key"). They are kept encrypted.</Empty>}
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
      {search.edit !== undefined && isEditor && <Edited variableKey={search.edit} onClose={() => go({ ...search, edit: undefined })} />}
      {isImporting && <ImportVariables onClose={() => setImporting(false)} />}
      {doomed !== null && <Deletion keys={doomed} onClose={() => setDoomed(null)} onDone={() => go({ ...search, picked: undefined })} />}
    </ListPage>
  );
}

function columnsOf(edit: (key: string) => void): readonly DataColumn<Variable>[] {
  return [
    {
      id: "key",
      header: "Key",
      width: 240,
      orderBy: "key",
      card: "title",
      filter: VARIABLE_FILTERS.key,
      cell: ({ key }) => <RowButton onClick={() => edit(key)}>{key}</RowButton>,
    },
    { id: "value", header: "Value", width: 380, cell: ({ value }) => <Clipped text={value ?? "–"} isCode /> },
    {
      id: "description",
      header: "Description",
      width: 320,
      isEmpty: ({ description }) => description == null,
      cell: ({ description }) => <Clipped text={description ?? "–"} />,
    },
  ];
}

function Edited({ variableKey, onClose }: { variableKey: string; onClose: () => void }) {
  const { data } = useQuery({
    queryKey: ["variables", "one", variableKey],
    queryFn: async ({ signal }) =>
      (await api.GET("/api/v2/variables/{variable_key}", { params: { path: { variable_key: variableKey } }, signal })).data!,
    enabled: variableKey !== "",
    // What is being edited does not change under the hands.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  if (variableKey === "") return <VariableDialog variable={null} onClose={onClose} />;
  return data === undefined ? null : <VariableDialog variable={data} onClose={onClose} />;
}

function Deletion({ keys, onClose, onDone }: { keys: readonly string[]; onClose: () => void; onDone: () => void }) {
  const queryClient = useQueryClient();
  const remove = useMutation({
    mutationFn: deleteVariables,
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ["variables"] });
      onClose();
      onDone();
    },
  });
  return (
    <DeleteDialog what="variable" names={keys} isBusy={remove.isPending} onDelete={() => remove.mutate(keys)} onClose={onClose}>
      Tasks that read {keys.length === 1 ? "it" : "them"} will fail. It cannot be undone.
    </DeleteDialog>
  );
}

/** As `airflow variables export` writes them; secrets stay hidden. */
function ExportButton() {
  const write = useMutation({
    mutationFn: async () => {
      const rows: Variable[] = [];
      for (let total = 1; rows.length < total;) {
        const page = await fetchVariables({ filters: {}, orderBy: "key", offset: rows.length, limit: 100 });
        if (page.rows.length === 0) break;
        rows.push(...page.rows);
        total = page.total;
      }
      const file = new Blob([JSON.stringify(Object.fromEntries(rows.map(({ key, value, description }) => [key, { value, description }])), null, 2)], {
        type: "application/json",
      });
      const link = document.createElement("a");
      link.href = URL.createObjectURL(file);
      link.download = "variables.json";
      link.click();
      URL.revokeObjectURL(link.href);
    },
  });
  return (
    <Button
      size="compact-sm"
      variant="subtle"
      color="gray"
      fw={400}
      leftSection={<IconDownload size={15} />}
      loading={write.isPending}
      onClick={() => write.mutate()}
    >
      Export
    </Button>
  );
}
