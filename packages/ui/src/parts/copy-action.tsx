import { ActionIcon, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useCopy } from "./use-copy.ts";

/** Copies a text, and says that it did. */
export function CopyAction({ label, text }: { label: string; text: () => string }) {
  const { isCopied, copy } = useCopy();
  return (
    <Tooltip label={isCopied ? "Copied" : label} openDelay={isCopied ? 0 : 400}>
      <ActionIcon variant="subtle" color="gray" aria-label={label} onClick={() => copy(text())}>
        {isCopied ? <IconCheck size={16} /> : <IconCopy size={16} />}
      </ActionIcon>
    </Tooltip>
  );
}
