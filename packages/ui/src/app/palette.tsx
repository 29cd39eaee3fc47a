import "@mantine/spotlight/styles.css";
import { useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { Spotlight, spotlight } from "@mantine/spotlight";
import { IconClockPlay, IconMoon, IconSchema, IconSearch, IconSun, IconWorld } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { api } from "../api/client.ts";
import { FIRST_ZONES, useTimeZone } from "../time/time-zone.tsx";
import { useVisiblePages } from "./navigation.tsx";
import { foundBy } from "./palette-search.ts";
import { SECTION_TITLES } from "./pages.ts";

const MOST_DAGS = 8;

interface Command {
  id: string;
  label: string;
  description?: string | undefined;
  keywords: string;
  icon: ReactNode;
  run: () => void;
}

/** Everything that can be gone to or done from anywhere, by a few letters of its name. */
export function Palette() {
  const [text, setText] = useState("");
  const groups = useCommands(text);
  return (
    <Spotlight.Root
      query={text}
      onQueryChange={setText}
      shortcut={null}
      clearQueryOnClose
      scrollable
      maxHeight="min(60dvh, 480px)"
      // On what has the role: on the root, which has none, a name is an error while the palette is there, and nobody hears it.
      attributes={{ content: { "aria-label": "Command palette" } }}
    >
      <Spotlight.Search placeholder="Go to a DAG or page, or do something" aria-label="Search" leftSection={<IconSearch size={18} />} />
      <Spotlight.ActionsList>
        {groups.every(({ commands }) => commands.length === 0) && <Spotlight.Empty>Nothing is called so.</Spotlight.Empty>}
        {groups.map(
          ({ title, commands }) =>
            commands.length > 0 && (
              <Spotlight.ActionsGroup key={title} label={title}>
                {commands.map(({ id, label, description, icon, run }) => (
                  <Spotlight.Action key={id} label={label} {...(description === undefined ? {} : { description })} leftSection={icon} onClick={run} />
                ))}
              </Spotlight.ActionsGroup>
            ),
        )}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}

function useCommands(text: string): { title: string; commands: readonly Command[] }[] {
  const dags = { title: "DAGs", commands: useDagCommands(text) };
  const [pages, settings] = [usePageCommands(), useSettingCommands()].map(({ title, commands }) => ({
    title,
    commands: commands.filter((command) => foundBy(text, `${command.label} ${command.keywords}`)),
  }));
  // Who has typed nothing yet looks around; who types means a DAG more often than a page.
  return text === "" ? [pages!, dags, settings!] : [dags, pages!, settings!];
}

/** The DAGs whose id has what was typed, as the server finds them; of the DAG that is open, what can be done with it. */
function useDagCommands(text: string): Command[] {
  const navigate = useNavigate();
  const { dagId: openDag } = useParams({ strict: false });
  const [asked] = useDebouncedValue(text.trim(), 120);
  const { data } = useQuery({
    queryKey: ["dags", "palette", asked],
    queryFn: async ({ signal }) => {
      const query = { limit: MOST_DAGS, order_by: ["dag_id"], ...(asked === "" ? {} : { dag_id_pattern: `%${asked}%` }) };
      return (await api.GET("/api/v2/dags", { params: { query }, signal })).data!.dags;
    },
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  });
  const found = (data ?? []).map(({ dag_id: dagId, dag_display_name: name, description }) => ({
    id: `dag ${dagId}`,
    label: name,
    description: description ?? undefined,
    keywords: dagId,
    icon: <IconSchema size={18} />,
    run: () => void navigate({ to: "/dags/$dagId", params: { dagId } }),
  }));
  if (openDag === undefined || !foundBy(text, `runs of ${openDag}`)) return found;
  const ofOpen: Command = {
    id: "open",
    label: `Runs of ${openDag}`,
    keywords: "",
    icon: <IconClockPlay size={18} />,
    run: () => void navigate({ to: "/dags/$dagId", params: { dagId: openDag } }),
  };
  return [ofOpen, ...found.filter(({ keywords }) => keywords !== openDag)];
}

function usePageCommands(): { title: string; commands: Command[] } {
  const navigate = useNavigate();
  const commands = useVisiblePages().map(({ path, title, icon: Icon, section, keywords }) => ({
    id: `page ${path}`,
    label: title,
    description: section === "main" ? undefined : SECTION_TITLES[section],
    keywords,
    icon: <Icon size={18} />,
    run: () => void navigate({ to: path }),
  }));
  return { title: "Pages", commands };
}

function useSettingCommands(): { title: string; commands: Command[] } {
  const { setColorScheme } = useMantineColorScheme();
  const other = useComputedColorScheme("light") === "dark" ? "light" : "dark";
  const { zone, setZone } = useTimeZone();
  const scheme: Command = {
    id: "scheme",
    label: `To the ${other} page`,
    keywords: "theme colour color mode dark light",
    icon: other === "dark" ? <IconMoon size={18} /> : <IconSun size={18} />,
    run: () => setColorScheme(other),
  };
  const zones = FIRST_ZONES.filter((name) => name !== zone).map((name) => ({
    id: `zone ${name}`,
    label: `Times in ${name}`,
    keywords: "time zone timezone",
    icon: <IconWorld size={18} />,
    run: () => setZone(name),
  }));
  return { title: "Settings", commands: [scheme, ...zones] };
}

/** Opens it, once it is there. */
export function openPalette(): void {
  spotlight.open();
}
