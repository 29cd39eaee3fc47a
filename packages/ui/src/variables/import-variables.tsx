import { FileInput, Radio, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconFileUpload } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { importVariables, type VariableText } from "../api/variables.ts";
import { EditDialog } from "../parts/edit-dialog.tsx";
import { readVariableFile } from "./variable-file.ts";

/** Takes variables from a file of JSON. */
export function ImportVariables({ onClose }: { onClose: () => void }) {
  const queryClient = useQueryClient();
  const [entries, setEntries] = useState<VariableText[] | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [replaces, setReplaces] = useState(false);
  const save = useMutation({
    mutationFn: importVariables,
    onSuccess: async (done) => {
      await queryClient.invalidateQueries({ queryKey: ["variables"] });
      notifications.show({ color: "green", title: "Variables imported", message: `${done.length} of ${entries?.length ?? 0} were written.` });
      onClose();
    },
  });
  const read = async (file: File | null) => {
    setEntries(null);
    setFailure(null);
    if (file === null) return;
    try {
      setEntries(readVariableFile(await file.text()));
    } catch (error) {
      setFailure((error as Error).message);
    }
  };
  return (
    <EditDialog
      title="Import variables"
      onClose={onClose}
      onSave={() => save.mutate({ entries: entries!, replaces })}
      isSaving={save.isPending}
      isIncomplete={entries === null || entries.length === 0}
      saveLabel="Import"
    >
      <FileInput
        label="File"
        description='JSON: {"key": "value", …}'
        accept="application/json,.json"
        leftSection={<IconFileUpload size={16} />}
        onChange={(file) => void read(file)}
        error={failure}
      />
      <Radio.Group
        label="A variable that is there already"
        value={replaces ? "replace" : "keep"}
        onChange={(value) => setReplaces(value === "replace")}
      >
        <Stack gap={6} mt={6}>
          <Radio value="keep" label="stays as it is" />
          <Radio value="replace" label="is replaced" />
        </Stack>
      </Radio.Group>
      {entries !== null && <Text size="sm">{entries.length === 1 ? "One variable is" : `${entries.length} variables are`} in the file.</Text>}
    </EditDialog>
  );
}
