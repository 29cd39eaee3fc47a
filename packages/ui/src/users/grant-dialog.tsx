import { Autocomplete, Checkbox, Group, SegmentedControl, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { DagAction } from "../api/permissions.ts";
import { dagGrantsQuery, type RoleName, rolesQuery, saveGrant, usersQuery } from "../api/users.ts";
import { EditDialog } from "../parts/edit-dialog.tsx";

/** Gives a user, or all of a role, rights on some DAGs beside what the role allows. */
export function GrantDialog({ onClose }: { onClose: () => void }) {
  const queryClient = useQueryClient();
  const users = useQuery(usersQuery);
  const roles = useQuery(rolesQuery);
  const [whom, setWhom] = useState<"user" | "role">("user");
  const [name, setName] = useState("");
  const [what, setWhat] = useState<"dag" | "tag">("dag");
  const [target, setTarget] = useState("");
  const [actions, setActions] = useState<DagAction[]>(["read"]);
  const save = useMutation({
    mutationFn: saveGrant,
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: dagGrantsQuery.queryKey });
      onClose();
    },
  });
  const names = whom === "user" ? users.data?.map(({ username }) => username) : roles.data?.map((role) => role.name);
  const submit = () =>
    save.mutate({
      ...(whom === "user" ? { username: name } : { role: name as RoleName }),
      ...(what === "dag" ? { dag_id: target } : { dag_tag: target }),
      actions,
    });
  return (
    <EditDialog
      title="New grant"
      onClose={onClose}
      onSave={submit}
      isSaving={save.isPending}
      isIncomplete={name === "" || target === "" || actions.length === 0}
    >
      <SegmentedControl
        size="xs"
        aria-label="To whom"
        value={whom}
        onChange={(next) => {
          setWhom(next);
          setName("");
        }}
        data={[
          { value: "user", label: "A user" },
          { value: "role", label: "All of a role" },
        ]}
      />
      <Autocomplete label={whom === "user" ? "User name" : "Role"} required data={names ?? []} value={name} onChange={setName} />
      <SegmentedControl
        size="xs"
        aria-label="On which DAGs"
        value={what}
        onChange={(next) => {
          setWhat(next);
          setTarget("");
        }}
        data={[
          { value: "dag", label: "By id" },
          { value: "tag", label: "By tag" },
        ]}
      />
      <TextInput
        label={what === "dag" ? "DAG id" : "Tag"}
        description={what === "dag" ? "One DAG, or several by a pattern: sales_*" : "All DAGs with the tag, also those to come"}
        required
        value={target}
        onChange={(event) => setTarget(event.target.value)}
      />
      <Checkbox.Group label="They may" value={actions} onChange={(next) => setActions(next)}>
        <Group mt={6}>
          <Checkbox value="read" label="see it" />
          <Checkbox value="edit" label="pause, trigger, clear and mark" />
          <Checkbox value="delete" label="delete it" />
        </Group>
      </Checkbox.Group>
    </EditDialog>
  );
}
