import { Button, Group, Modal, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Json } from "@tradewind/core";
import { useState } from "react";
import type { TaskPlace } from "../api/task-instance.ts";
import { addXCom, changeXCom, xcomsQuery } from "../api/xcoms.ts";
import { readJson } from "./json-shape.ts";

interface XComDialogProps {
  place: TaskPlace;
  /** Absent: a new one. */
  entry?: { key: string; value: Json };
  onClose: () => void;
}

/** The value of an XCom as JSON, to be changed. */
export function XComDialog({ place, entry, onClose }: XComDialogProps) {
  const [key, setKey] = useState(entry?.key ?? "");
  const [text, setText] = useState(() => (entry === undefined ? "" : JSON.stringify(entry.value, null, 2)));
  const [problem, setProblem] = useState<string | null>(null);
  const queryClient = useQueryClient();
  const save = useMutation({
    mutationFn: (value: Json) => (entry === undefined ? addXCom(place, key.trim(), value) : changeXCom(place, entry.key, value)),
    onSuccess: async () => {
      await Promise.all([
        queryClient.invalidateQueries({ queryKey: xcomsQuery(place).queryKey }),
        queryClient.invalidateQueries({ queryKey: ["xcom", place.dagId, place.runId, place.taskId, place.mapIndex] }),
      ]);
      onClose();
    },
  });
  const submit = (): void => {
    const read = readJson(text);
    if ("problem" in read) setProblem(`This is no JSON: ${read.problem}`);
    else save.mutate(read.value);
  };
  return (
    <Modal opened onClose={onClose} title={entry === undefined ? "Add an XCom" : `Edit ${entry.key}`} size="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Stack gap="sm">
          {entry === undefined && (
            <TextInput label="Key" required maxLength={512} value={key} data-autofocus onChange={(event) => setKey(event.currentTarget.value)} />
          )}
          <Textarea
            label="Value"
            description="JSON. Tasks that have not started yet will see it; those that have keep what they saw."
            required
            autosize
            minRows={6}
            maxRows={24}
            value={text}
            error={problem}
            {...(entry === undefined ? {} : { "data-autofocus": true })}
            styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 12 } }}
            onChange={(event) => {
              setText(event.currentTarget.value);
              setProblem(null);
            }}
          />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={save.isPending}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

export function DeleteXComDialog({
  entryKey,
  isBusy,
  onDelete,
  onClose,
}: {
  entryKey: string;
  isBusy: boolean;
  onDelete: () => void;
  onClose: () => void;
}) {
  return (
    <Modal opened onClose={onClose} title={`Delete ${entryKey}?`}>
      <Text size="sm">Tasks that read it later get nothing. Running the task again writes it anew.</Text>
      <Group justify="flex-end" gap="xs" mt="md">
        <Button variant="default" onClick={onClose} data-autofocus>
          Cancel
        </Button>
        <Button color="red" loading={isBusy} onClick={onDelete}>
          Delete
        </Button>
      </Group>
    </Modal>
  );
}
