import { ActionIcon, Badge, Table } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { sessionQuery } from "../api/session.ts";
import { deleteUser, type User, usersQuery } from "../api/users.ts";
import { DeleteDialog } from "../parts/delete-dialog.tsx";
import { RowButton } from "../parts/row-button.tsx";
import { Distance } from "../time/instant.tsx";
import classes from "./users.module.css";

export function UserTable({ users, isEditor, onEdit }: { users: readonly User[]; isEditor: boolean; onEdit: (username: string) => void }) {
  const { data: session } = useQuery(sessionQuery);
  const [doomed, setDoomed] = useState<string | null>(null);
  return (
    <div className={classes["scroll"]} tabIndex={0} role="region" aria-label="Users">
      <Table className={classes["table"]} highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>User</Table.Th>
            <Table.Th>Name</Table.Th>
            <Table.Th>E-mail</Table.Th>
            <Table.Th>Role</Table.Th>
            <Table.Th>Last log-in</Table.Th>
            {isEditor && (
              <Table.Th>
                <span className="visually-hidden">Actions</span>
              </Table.Th>
            )}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {users.map((user) => (
            <Table.Tr key={user.username}>
              <Table.Td maw={240}>{isEditor ? <RowButton onClick={() => onEdit(user.username)}>{user.username}</RowButton> : user.username}</Table.Td>
              <Table.Td>{`${user.first_name} ${user.last_name}`.trim() || "–"}</Table.Td>
              <Table.Td>{user.email || "–"}</Table.Td>
              <Table.Td>
                {user.role}
                {!user.active && (
                  <Badge ml="xs" variant="default" tt="none" fw={400}>
                    may not log in
                  </Badge>
                )}
              </Table.Td>
              <Table.Td>{user.last_login === null ? "never" : <Distance at={user.last_login} />}</Table.Td>
              {isEditor && (
                <Table.Td ta="right">
                  {user.username !== session?.username && (
                    <ActionIcon variant="subtle" color="gray" aria-label={`Delete ${user.username}`} onClick={() => setDoomed(user.username)}>
                      <IconTrash size={16} />
                    </ActionIcon>
                  )}
                </Table.Td>
              )}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {doomed !== null && <Deletion username={doomed} onClose={() => setDoomed(null)} />}
    </div>
  );
}

function Deletion({ username, onClose }: { username: string; onClose: () => void }) {
  const queryClient = useQueryClient();
  const remove = useMutation({
    mutationFn: deleteUser,
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: usersQuery.queryKey });
      onClose();
    },
  });
  return (
    <DeleteDialog what="user" names={[username]} isBusy={remove.isPending} onDelete={() => remove.mutate(username)} onClose={onClose}>
      Their sessions end, and their tokens and grants go. What they did stays in the audit log.
    </DeleteDialog>
  );
}
