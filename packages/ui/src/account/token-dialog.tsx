import { ActionIcon, Alert, Code, CopyButton, Group, Select, TextInput, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy, IconKey } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { accessTokensQuery, makeAccessToken } from "../api/access-tokens.ts";
import { EditDialog } from "../parts/edit-dialog.tsx";

const LIFETIMES = [
  { value: "30", label: "in 30 days" },
  { value: "90", label: "in 90 days" },
  { value: "365", label: "in a year" },
  { value: "", label: "never" },
];

/** Makes a token, and shows it this once. */
export function TokenDialog({ onClose }: { onClose: () => void }) {
  const queryClient = useQueryClient();
  const [name, setName] = useState("");
  const [days, setDays] = useState("90");
  const make = useMutation({
    mutationFn: makeAccessToken,
    onSuccess: () => queryClient.invalidateQueries({ queryKey: accessTokensQuery.queryKey }),
  });
  const made = make.data;
  if (made === undefined) {
    return (
      <EditDialog
        title="New API token"
        onClose={onClose}
        onSave={() => make.mutate({ name: name.trim(), days: days === "" ? null : Number(days) })}
        isSaving={make.isPending}
        isIncomplete={name.trim() === ""}
        saveLabel="Make it"
      >
        <TextInput
          label="Name"
          description="What it is for"
          required
          maxLength={200}
          value={name}
          onChange={(event) => setName(event.target.value)}
          data-autofocus
        />
        <Select label="It ends" data={LIFETIMES} value={days} onChange={(value) => setDays(value ?? "90")} allowDeselect={false} />
      </EditDialog>
    );
  }
  return (
    <EditDialog title={`Token ${made.name}`} onClose={onClose} onSave={onClose} isSaving={false} saveLabel="I have kept it">
      <Alert color="blue" icon={<IconKey />} title="It is shown this once">
        <Group wrap="nowrap" gap="xs">
          <Code style={{ overflowWrap: "anywhere" }} fz="sm" data-testid="token">
            {made.token}
          </Code>
          <CopyButton value={made.token}>
            {({ copied, copy }) => (
              <Tooltip label={copied ? "Copied" : "Copy"}>
                <ActionIcon variant="subtle" onClick={copy} aria-label={copied ? "Copied" : "Copy the token"}>
                  {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
                </ActionIcon>
              </Tooltip>
            )}
          </CopyButton>
        </Group>
      </Alert>
    </EditDialog>
  );
}
