import { ActionIcon, Table } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type DagGrant, dagGrantsQuery, deleteGrant } from "../api/users.ts";
import { DeleteDialog } from "../parts/delete-dialog.tsx";
import { Distance } from "../time/instant.tsx";
import classes from "./users.module.css";

function holderOf({ username, role }: DagGrant): string {
  return username ?? `all ${role}s`;
}

function dagsOf({ dag_id: dagId, dag_tag: tag }: DagGrant): string {
  return dagId ?? `tag ${tag}`;
}

export function GrantTable({ grants, isEditor }: { grants: readonly DagGrant[]; isEditor: boolean }) {
  const [doomed, setDoomed] = useState<DagGrant | null>(null);
  return (
    <div className={classes["scroll"]} tabIndex={0} role="region" aria-label="DAG grants">
      <Table className={classes["table"]}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Who</Table.Th>
            <Table.Th>DAGs</Table.Th>
            <Table.Th>May</Table.Th>
            <Table.Th>Since</Table.Th>
            {isEditor && (
              <Table.Th>
                <span className="visually-hidden">Actions</span>
              </Table.Th>
            )}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {grants.map((grant) => (
            <Table.Tr key={grant.id}>
              <Table.Td fw={600}>{holderOf(grant)}</Table.Td>
              <Table.Td ff="monospace" fz="xs">
                {dagsOf(grant)}
              </Table.Td>
              <Table.Td>{grant.actions.join(", ")}</Table.Td>
              <Table.Td>
                <Distance at={grant.created_at} />
              </Table.Td>
              {isEditor && (
                <Table.Td ta="right">
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    aria-label={`Delete the grant of ${holderOf(grant)} on ${dagsOf(grant)}`}
                    onClick={() => setDoomed(grant)}
                  >
                    <IconTrash size={16} />
                  </ActionIcon>
                </Table.Td>
              )}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {doomed !== null && <Deletion grant={doomed} onClose={() => setDoomed(null)} />}
    </div>
  );
}

function Deletion({ grant, onClose }: { grant: DagGrant; onClose: () => void }) {
  const queryClient = useQueryClient();
  const remove = useMutation({
    mutationFn: deleteGrant,
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: dagGrantsQuery.queryKey });
      onClose();
    },
  });
  return (
    <DeleteDialog
      what="grant"
      names={[`${holderOf(grant)}: ${grant.actions.join(", ")}, ${dagsOf(grant)}`]}
      isBusy={remove.isPending}
      onDelete={() => remove.mutate(grant.id)}
      onClose={onClose}
    >
      Only what the role allows is left.
    </DeleteDialog>
  );
}
