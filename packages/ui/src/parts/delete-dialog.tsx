import { Button, Code, Group, List, Modal, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";

const MOST_NAMED = 10;

/** Asks before something is gone for good: what, by name, and what that means. */
export function DeleteDialog({
  what,
  names,
  isBusy,
  onDelete,
  onClose,
  children,
}: {
  /** “variable”: with an s for several. */
  what: string;
  names: readonly string[];
  isBusy: boolean;
  onDelete: () => void;
  onClose: () => void;
  /** What depends on it. */
  children?: ReactNode;
}) {
  const title = names.length === 1 ? `Delete the ${what}?` : `Delete ${names.length} ${what}s?`;
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ "aria-label": "Close" }}>
      <Stack gap="sm">
        <List size="sm" listStyleType="none">
          {names.slice(0, MOST_NAMED).map((name) => (
            <List.Item key={name}>
              <Code>{name}</Code>
            </List.Item>
          ))}
          {names.length > MOST_NAMED && <List.Item>and {names.length - MOST_NAMED} more</List.Item>}
        </List>
        <Text size="sm" c="dimmed" component="div">
          {children ?? "It cannot be undone."}
        </Text>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose} data-autofocus>
            Cancel
          </Button>
          <Button color="red" loading={isBusy} onClick={onDelete}>
            Delete
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
