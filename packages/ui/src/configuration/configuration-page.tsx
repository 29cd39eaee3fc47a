import { Box, Center, Code, Group, Loader, Text, TextInput, Title } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { configurationQuery, type ConfigurationSection } from "../api/configuration.ts";
import { CopyAction } from "../parts/copy-action.tsx";
import { Empty } from "../parts/empty.tsx";
import { Problem } from "../parts/problem.tsx";
import classes from "./configuration.module.css";
import { environmentName, findOptions, inSections } from "./find-options.ts";

/** What this installation runs with, by section; secrets are masked by the server. */
export function ConfigurationPage() {
  const { q = "" } = useSearch({ from: "/configuration" });
  const navigate = useNavigate({ from: "/configuration" });
  const configuration = useQuery(configurationQuery);
  const search = useDebouncedCallback((text: string) => void navigate({ search: text === "" ? {} : { q: text }, replace: true }), 250);
  const sections = configuration.data;
  return (
    <Box p="md" maw={1100} mx="auto">
      <Group justify="space-between" mb="sm" gap="sm">
        <Title order={1}>Configuration</Title>
        {sections != null && (
          <TextInput
            size="xs"
            w={260}
            aria-label="Search by key or value"
            placeholder="Search by key or value"
            leftSection={<IconSearch size={14} />}
            defaultValue={q}
            onChange={(event) => search(event.target.value)}
          />
        )}
      </Group>
      {sections === undefined ? (
        configuration.isError ? (
          <Problem error={configuration.error} retry={() => void configuration.refetch()} />
        ) : (
          <Center h={200}>
            <Loader aria-label="Loading" />
          </Center>
        )
      ) : sections === null ? (
        <NotExposed />
      ) : (
        <Sections sections={findOptions(inSections(sections), q)} />
      )}
    </Box>
  );
}

/** As Airflow's `expose_config`: off unless whoever runs the installation says otherwise. */
function NotExposed() {
  const name = environmentName("api", "exposeConfig");
  return (
    <Empty title="The configuration is not shown here">
      <Text size="sm" mb="sm">
        Whoever runs this installation decides whether it may be read over the web. To show it, with secrets masked, set <Code>api.exposeConfig</Code>{" "}
        in the configuration file, or in the environment of the API servers:
      </Text>
      <Group justify="center" gap={4} wrap="nowrap">
        <Code>{name}=true</Code>
        <CopyAction text={() => `${name}=true`} label="Copy" />
      </Group>
      <Text size="sm" mt="sm">
        On the machine itself, <Code>tradewind config list</Code> shows all of it and where each value comes from.
      </Text>
    </Empty>
  );
}

function Sections({ sections }: { sections: readonly ConfigurationSection[] }) {
  if (sections.length === 0) return <Empty title="No key and no value is like that" />;
  return sections.map(({ name, options }) => (
    <section key={name} className={classes["section"]} aria-label={name === "" ? "General" : name}>
      <Title order={2} mb={6}>
        {name === "" ? "General" : name}
      </Title>
      <dl className={classes["options"]}>
        {options.map(({ key, value }) => (
          <div key={key} className={classes["option"]}>
            <dt title={environmentName(name, key)}>{key}</dt>
            <dd data-unset={value === "null" || undefined}>{value === "null" ? "not set" : value}</dd>
          </div>
        ))}
      </dl>
    </section>
  ));
}
