import { NumberInput, Switch, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Pool, poolsQuery, savePool } from "../api/pools.ts";
import { EditDialog } from "../parts/edit-dialog.tsx";

/** One pool. null: a new one. */
export function PoolDialog({ pool, onClose }: { pool: Pool | null; onClose: () => void }) {
  const queryClient = useQueryClient();
  const [name, setName] = useState(pool?.name ?? "");
  const [slots, setSlots] = useState<number | string>(pool?.slots ?? 16);
  const [description, setDescription] = useState(pool?.description ?? "");
  const [includesDeferred, setIncludesDeferred] = useState(pool?.include_deferred ?? false);
  const save = useMutation({
    mutationFn: savePool,
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: poolsQuery.queryKey });
      onClose();
    },
  });
  return (
    <EditDialog
      title={pool === null ? "New pool" : `Pool ${pool.name}`}
      onClose={onClose}
      onSave={() =>
        save.mutate({
          isNew: pool === null,
          name: name.trim(),
          slots: Number(slots),
          description: description === "" ? null : description,
          include_deferred: includesDeferred,
        })
      }
      isSaving={save.isPending}
      isIncomplete={name.trim() === "" || slots === ""}
    >
      <TextInput label="Name" required maxLength={256} value={name} onChange={(event) => setName(event.target.value)} readOnly={pool !== null} />
      <NumberInput
        label="Slots"
        description="How many tasks run at once; one that takes several slots counts as that many. -1: no bound."
        required
        min={-1}
        allowDecimal={false}
        value={slots}
        onChange={setSlots}
        data-autofocus={pool !== null || undefined}
      />
      <TextInput
        label="Description"
        value={description}
        onChange={(event) => setDescription(event.target.value)}
        disabled={pool?.name === "default_pool"}
      />
      <Switch
        label="Deferred tasks take slots too"
        checked={includesDeferred}
        onChange={(event) => setIncludesDeferred(event.currentTarget.checked)}
      />
    </EditDialog>
  );
}
