import { JsonInput, SegmentedControl, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { saveVariable, type Variable } from "../api/variables.ts";
import { EditDialog } from "../parts/edit-dialog.tsx";

function isJsonText(value: string): boolean {
  try {
    return typeof JSON.parse(value) === "object";
  } catch {
    return false;
  }
}

/** JSON over several lines; other text as it is. */
function readable(value: string): string {
  return isJsonText(value) ? JSON.stringify(JSON.parse(value), null, 2) : value;
}

/** One variable. null: a new one. */
export function VariableDialog({ variable, onClose }: { variable: Variable | null; onClose: () => void }) {
  const queryClient = useQueryClient();
  const [key, setKey] = useState(variable?.key ?? "");
  const [value, setValue] = useState(() => readable(variable?.value ?? ""));
  const [description, setDescription] = useState(variable?.description ?? "");
  const [kind, setKind] = useState(isJsonText(variable?.value ?? "") ? "json" : "text");
  const save = useMutation({
    mutationFn: saveVariable,
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ["variables"] });
      onClose();
    },
  });
  const isBadJson = kind === "json" && !isJsonText(value);
  return (
    <EditDialog
      title={variable === null ? "New variable" : `Variable ${variable.key}`}
      onClose={onClose}
      onSave={() => save.mutate({ isNew: variable === null, key: key.trim(), value, description: description === "" ? null : description })}
      isSaving={save.isPending}
      isIncomplete={key.trim() === "" || isBadJson}
      size={640}
    >
      <TextInput
        label="Key"
        required
        maxLength={250}
        value={key}
        onChange={(event) => setKey(event.target.value)}
        readOnly={variable !== null}
        data-autofocus={variable === null || undefined}
      />
      <SegmentedControl
        size="xs"
        aria-label="The value is"
        value={kind}
        onChange={setKind}
        data={[
          { value: "text", label: "Text" },
          { value: "json", label: "JSON" },
        ]}
        style={{ alignSelf: "flex-start" }}
      />
      {kind === "json" ? (
        <JsonInput
          label="Value"
          formatOnBlur
          autosize
          minRows={4}
          maxRows={18}
          value={value}
          onChange={setValue}
          error={value !== "" && isBadJson ? "This is not a JSON object or list yet." : null}
        />
      ) : (
        <Textarea
          label="Value"
          autosize
          minRows={2}
          maxRows={18}
          value={value}
          onChange={(event) => setValue(event.target.value)}
          data-autofocus={variable !== null || undefined}
        />
      )}
      <TextInput label="Description" value={description} onChange={(event) => setDescription(event.target.value)} />
    </EditDialog>
  );
}
