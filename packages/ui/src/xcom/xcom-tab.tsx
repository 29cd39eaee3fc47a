import { ActionIcon, Button, Group, Loader, Text, Tooltip } from "@mantine/core";
import { IconPencil, IconPlus, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { TaskPlace } from "../api/task-instance.ts";
import { usePermissions } from "../api/use-permissions.ts";
import { deleteXCom, type XComEntry, xcomsQuery, xcomValueQuery } from "../api/xcoms.ts";
import { CopyAction } from "../parts/copy-action.tsx";
import { Empty } from "../parts/empty.tsx";
import { Problem } from "../parts/problem.tsx";
import { Instant } from "../time/instant.tsx";
import { JsonTree } from "./json-tree.tsx";
import { DeleteXComDialog, XComDialog } from "./xcom-dialog.tsx";
import classes from "./xcom.module.css";

/** What a task instance gave to others: its result, and what else it put there. */
export function XComTab({ place }: { place: TaskPlace }) {
  const { data, error, refetch } = useQuery(xcomsQuery(place));
  const may = usePermissions();
  const [isAdding, setAdding] = useState(false);
  if (data === undefined) return error === null ? <Loader size="sm" aria-label="Loading" /> : <Problem error={error} retry={() => void refetch()} />;
  return (
    <>
      {data.xcom_entries.length === 0 ? (
        <Empty title="No XComs">The result of a task, and what it puts there by itself, is kept here for the tasks below it.</Empty>
      ) : (
        <div className={classes["entries"]}>
          {data.xcom_entries.map((entry) => (
            <Entry key={entry.key} place={place} entry={entry} mayEdit={may("xcoms:edit", place.dagId)} />
          ))}
        </div>
      )}
      {data.total_entries > data.xcom_entries.length && (
        <Text size="sm" c="dimmed" mt="xs">
          The first {data.xcom_entries.length} of {data.total_entries.toLocaleString("en")}.
        </Text>
      )}
      {may("xcoms:edit", place.dagId) && (
        <Group mt="sm" justify={data.xcom_entries.length === 0 ? "center" : "flex-start"}>
          <Button size="xs" variant="default" leftSection={<IconPlus size={14} />} onClick={() => setAdding(true)}>
            Add an XCom
          </Button>
        </Group>
      )}
      {isAdding && <XComDialog place={place} onClose={() => setAdding(false)} />}
    </>
  );
}

function Entry({ place, entry, mayEdit }: { place: TaskPlace; entry: XComEntry; mayEdit: boolean }) {
  const { data: value, error, refetch } = useQuery(xcomValueQuery(place, entry.key, entry.timestamp));
  const [open, setOpen] = useState<"edit" | "delete" | null>(null);
  const queryClient = useQueryClient();
  const remove = useMutation({
    mutationFn: () => deleteXCom(place, entry.key),
    onSuccess: () => {
      setOpen(null);
      return queryClient.invalidateQueries({ queryKey: xcomsQuery(place).queryKey });
    },
  });
  return (
    <article className={classes["entry"]}>
      <header className={classes["head"]}>
        <h3>{entry.key}</h3>
        <span className={classes["when"]}>
          <Instant at={entry.timestamp} />
        </span>
        <Group gap={2} wrap="nowrap">
          <CopyAction label={`Copy ${entry.key}`} text={() => (value === undefined ? "" : JSON.stringify(value, null, 2))} />
          {mayEdit && <Action label={`Edit ${entry.key}`} icon={<IconPencil size={15} />} onClick={() => setOpen("edit")} />}
          {mayEdit && <Action label={`Delete ${entry.key}`} icon={<IconTrash size={15} />} onClick={() => setOpen("delete")} />}
        </Group>
      </header>
      <div className={classes["value"]}>
        {value !== undefined ? (
          <JsonTree value={value} label={`Value of ${entry.key}`} />
        ) : error === null ? (
          <Loader size="xs" aria-label="Loading" />
        ) : (
          <Problem error={error} retry={() => void refetch()} />
        )}
      </div>
      {open === "edit" && value !== undefined && <XComDialog place={place} entry={{ key: entry.key, value }} onClose={() => setOpen(null)} />}
      {open === "delete" && (
        <DeleteXComDialog entryKey={entry.key} isBusy={remove.isPending} onDelete={() => remove.mutate()} onClose={() => setOpen(null)} />
      )}
    </article>
  );
}

function Action({ label, icon, onClick }: { label: string; icon: React.ReactNode; onClick: () => void }) {
  return (
    <Tooltip label={label} openDelay={400}>
      <ActionIcon variant="subtle" color="gray" aria-label={label} onClick={onClick}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}
