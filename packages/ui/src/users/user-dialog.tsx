import { PasswordInput, Select, SimpleGrid, Switch, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type RoleName, rolesQuery, saveUser, type User, usersQuery } from "../api/users.ts";
import { EditDialog } from "../parts/edit-dialog.tsx";

const LEAST_PASSWORD = 8;

/** One user. null: a new one. */
export function UserDialog({ user, onClose }: { user: User | null; onClose: () => void }) {
  const queryClient = useQueryClient();
  const roles = useQuery(rolesQuery);
  const [draft, setDraft] = useState({
    username: user?.username ?? "",
    role: (user?.role ?? "Viewer") as RoleName,
    first_name: user?.first_name ?? "",
    last_name: user?.last_name ?? "",
    email: user?.email ?? "",
    active: user?.active ?? true,
  });
  const [password, setPassword] = useState("");
  const save = useMutation({
    mutationFn: saveUser,
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: usersQuery.queryKey });
      onClose();
    },
  });
  const isShort = password !== "" && password.length < LEAST_PASSWORD;
  const change = (next: Partial<typeof draft>) => setDraft((before) => ({ ...before, ...next }));
  return (
    <EditDialog
      title={user === null ? "New user" : `User ${user.username}`}
      onClose={onClose}
      onSave={() => save.mutate({ ...draft, password, isNew: user === null })}
      isSaving={save.isPending}
      isIncomplete={draft.username.trim() === "" || isShort || (user === null && password === "")}
    >
      <TextInput
        label="User name"
        required
        readOnly={user !== null}
        autoComplete="off"
        value={draft.username}
        onChange={(event) => change({ username: event.target.value })}
      />
      <Select
        label="Role"
        data={roles.data?.map(({ name }) => name) ?? [draft.role]}
        value={draft.role}
        onChange={(role) => role !== null && change({ role })}
        allowDeselect={false}
      />
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <TextInput label="First name" value={draft.first_name} onChange={(event) => change({ first_name: event.target.value })} />
        <TextInput label="Last name" value={draft.last_name} onChange={(event) => change({ last_name: event.target.value })} />
      </SimpleGrid>
      <TextInput label="E-mail" type="email" value={draft.email} onChange={(event) => change({ email: event.target.value })} />
      <PasswordInput
        label={user === null ? "Password" : "New password"}
        description={user === null ? "" : "Empty: it stays. A new one ends the user's sessions and revokes their tokens."}
        required={user === null}
        autoComplete="new-password"
        value={password}
        error={isShort ? `At least ${LEAST_PASSWORD} characters.` : null}
        onChange={(event) => setPassword(event.target.value)}
      />
      <Switch label="May log in" checked={draft.active} onChange={(event) => change({ active: event.currentTarget.checked })} />
    </EditDialog>
  );
}
