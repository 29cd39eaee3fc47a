import { Button, Group, Modal, Stack } from "@mantine/core";
import type { FormEvent, ReactNode } from "react";

interface EditDialogProps {
  title: string;
  onClose: () => void;
  onSave: () => void;
  isSaving: boolean;
  /** Why it cannot be saved as it stands: then the button is off. */
  isIncomplete?: boolean;
  saveLabel?: string;
  size?: string | number;
  /** At the left of the buttons. */
  aside?: ReactNode;
  children: ReactNode;
}

/** Fields of one thing, to be saved together or not at all. What the server refuses is shown by whoever asked it, and what was typed stays. */
export function EditDialog({
  title,
  onClose,
  onSave,
  isSaving,
  isIncomplete = false,
  saveLabel = "Save",
  size = 520,
  aside,
  children,
}: EditDialogProps) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isIncomplete && !isSaving) onSave();
  };
  return (
    <Modal opened onClose={onClose} title={title} size={size} closeButtonProps={{ "aria-label": "Close" }}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          {children}
          <Group justify="space-between" mt="xs">
            <Group gap="xs">{aside}</Group>
            <Group gap="xs">
              <Button variant="default" onClick={onClose}>
                Cancel
              </Button>
              <Button type="submit" loading={isSaving} disabled={isIncomplete}>
                {saveLabel}
              </Button>
            </Group>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
