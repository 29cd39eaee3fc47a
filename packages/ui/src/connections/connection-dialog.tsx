import {
  Alert,
  Autocomplete,
  Button,
  JsonInput,
  NumberInput,
  PasswordInput,
  Select,
  SimpleGrid,
  Switch,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { CONNECTION_FORMS, type ConnectionField, connectionFormOf } from "@tradewind/core";
import { IconPlugConnected } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Connection, saveConnection, testConnection } from "../api/connections.ts";
import { EditDialog } from "../parts/edit-dialog.tsx";
import { bodyOf, type ConnectionDraft, draftOf, fieldsOf, problemsOf, secretsToGive } from "./connection-draft.ts";

const TYPES = CONNECTION_FORMS.map(({ connType }) => connType);

/** One connection, with the fields that its type has. null: a new one. */
export function ConnectionDialog({ connection, onClose }: { connection: Connection | null; onClose: () => void }) {
  const queryClient = useQueryClient();
  const [draft, setDraft] = useState(() => draftOf(connection));
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const problems = problemsOf(draft);
  const secrets = secretsToGive(draft, connection);
  const save = useMutation({
    mutationFn: saveConnection,
    onSuccess: async () => {
      await queryClient.invalidateQueries({ queryKey: ["connections"] });
      onClose();
    },
  });
  const attempt = useMutation({ mutationFn: testConnection });
  const change = (next: Partial<ConnectionDraft>, place: string) => {
    setDraft((before) => ({ ...before, ...next }));
    setTouched((before) => new Set([...before, place]));
    attempt.reset();
  };
  const problem = (place: string) => secrets[place] ?? (touched.has(place) ? problems[place] : undefined);
  const isIncomplete = Object.keys({ ...problems, ...secrets }).length > 0;
  return (
    <EditDialog
      title={connection === null ? "New connection" : `Connection ${connection.connection_id}`}
      onClose={onClose}
      onSave={() => save.mutate({ isNew: connection === null, body: bodyOf(draft) })}
      isSaving={save.isPending}
      isIncomplete={isIncomplete}
      size={720}
      aside={
        <Button
          variant="default"
          leftSection={<IconPlugConnected size={16} />}
          loading={attempt.isPending}
          disabled={isIncomplete}
          onClick={() => attempt.mutate(bodyOf(draft))}
        >
          Test
        </Button>
      }
    >
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <TextInput
          label="Connection id"
          required
          maxLength={250}
          value={draft.connectionId}
          readOnly={connection !== null}
          error={problem("connection_id")}
          onChange={(event) => change({ connectionId: event.target.value }, "connection_id")}
        />
        <Autocomplete
          label="Type"
          required
          data={TYPES}
          value={draft.connType}
          error={problem("conn_type")}
          onChange={(connType) => change({ connType }, "conn_type")}
        />
      </SimpleGrid>
      {draft.connType !== "" && (
        <>
          <Text size="xs" c="dimmed">
            {connectionFormOf(draft.connType)?.title ?? "A type of your own: kept as it is, for tasks that know what to do with it."}
          </Text>
          <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm" verticalSpacing="sm">
            {fieldsOf(draft).map((field) => (
              <FieldInput
                key={field.place}
                field={secrets[field.place] === undefined ? field : { ...field, isRequired: true }}
                value={draft.values[field.place] ?? ""}
                problem={problem(field.place)}
                onChange={(value) => change({ values: { ...draft.values, [field.place]: value } }, field.place)}
              />
            ))}
          </SimpleGrid>
          <JsonInput
            label="Extra"
            description="What else the operator reads, as a JSON object."
            autosize
            minRows={2}
            maxRows={12}
            formatOnBlur
            value={draft.extra}
            error={problem("extra")}
            onChange={(extra) => change({ extra }, "extra")}
          />
        </>
      )}
      <TextInput label="Description" value={draft.description} onChange={(event) => change({ description: event.target.value }, "description")} />
      {attempt.data !== undefined && (
        <Alert color={attempt.data.status ? "green" : "red"} role="status" title={attempt.data.status ? "It works" : "It does not work"}>
          <Text size="sm" style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}>
            {attempt.data.message}
          </Text>
        </Alert>
      )}
    </EditDialog>
  );
}

function FieldInput({
  field: { place, label, type, isRequired, example, choices },
  value,
  problem,
  onChange,
}: {
  field: ConnectionField;
  value: string;
  problem: string | undefined;
  onChange: (value: string) => void;
}) {
  const usual = { label, required: isRequired, placeholder: example, error: problem, value };
  if (type === "boolean")
    return <Switch label={label} mt={28} checked={value === "true"} onChange={(event) => onChange(event.currentTarget.checked ? "true" : "")} />;
  if (type === "choice")
    return <Select {...usual} data={[...choices]} value={value === "" ? null : value} clearable onChange={(next) => onChange(next ?? "")} />;
  if (type === "number") return <NumberInput {...usual} min={0} allowDecimal={false} hideControls onChange={(next) => onChange(String(next))} />;
  if (type === "secret")
    // Browsers would fill in the user's own password.
    return <PasswordInput {...usual} autoComplete="new-password" onChange={(event) => onChange(event.target.value)} />;
  if (type === "long_secret")
    return (
      <Textarea {...usual} autosize minRows={2} maxRows={8} style={{ gridColumn: "1 / -1" }} onChange={(event) => onChange(event.target.value)} />
    );
  return <TextInput {...usual} name={place} autoComplete="off" onChange={(event) => onChange(event.target.value)} />;
}
