import { Badge, Box, Center, Group, Loader, Stack, Text, TextInput, Title } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { brokenFilesQuery, type ImportError, readImportError } from "../api/import-errors.ts";
import { Empty } from "../parts/empty.tsx";
import { Problem } from "../parts/problem.tsx";
import { Distance } from "../time/instant.tsx";
import { CodeFrame } from "./code-frame.tsx";
import classes from "./import-errors.module.css";

/** DAG files that cannot be loaded: why, and at which line. They go by themselves when the file is mended. */
export function ImportErrorPage() {
  const { q } = useSearch({ from: "/import-errors" });
  const navigate = useNavigate({ from: "/import-errors" });
  const files = useQuery(brokenFilesQuery(q));
  const search = useDebouncedCallback((text: string) => void navigate({ search: text === "" ? {} : { q: text }, replace: true }), 250);
  return (
    <Box p="md" maw={1100} mx="auto">
      <Group justify="space-between" mb="sm" gap="sm">
        <Title order={1}>
          Import errors{" "}
          <Text span c="dimmed" fw={400} size="sm">
            {files.data?.total_entries}
          </Text>
        </Title>
        <TextInput
          size="xs"
          w={260}
          aria-label="Search by file"
          placeholder="Search by file"
          leftSection={<IconSearch size={14} />}
          defaultValue={q ?? ""}
          onChange={(event) => search(event.target.value)}
        />
      </Group>
      {files.data === undefined ? (
        files.isError ? (
          <Problem error={files.error} retry={() => void files.refetch()} />
        ) : (
          <Center h={200}>
            <Loader aria-label="Loading" />
          </Center>
        )
      ) : files.data.import_errors.length === 0 ? (
        q === undefined ? (
          <Empty title="Every DAG file can be loaded">
            A file that cannot be loaded is shown here with the line that is to blame; its DAGs stay as they were.
          </Empty>
        ) : (
          <Empty title="No such file is broken" />
        )
      ) : (
        <Stack gap="md">
          {files.data.import_errors.map((error) => (
            <BrokenFile key={error.import_error_id} error={error} />
          ))}
        </Stack>
      )}
    </Box>
  );
}

function BrokenFile({ error }: { error: ImportError }) {
  const { summary, details } = readImportError(error);
  return (
    <article className={classes["file"]} aria-label={error.filename}>
      <Group justify="space-between" gap="xs" mb={6}>
        <Group gap="xs">
          <Text ff="monospace" size="sm" fw={600} style={{ overflowWrap: "anywhere" }}>
            {error.filename}
          </Text>
          {error.bundle_name !== null && (
            <Badge variant="default" tt="none" fw={400}>
              {error.bundle_name}
            </Badge>
          )}
        </Group>
        <Text size="xs" c="dimmed">
          broken <Distance at={error.timestamp} />
        </Text>
      </Group>
      <Text size="sm" className={classes["summary"]} mb="xs">
        {summary}
      </Text>
      {details !== "" && <CodeFrame text={details} />}
    </article>
  );
}
