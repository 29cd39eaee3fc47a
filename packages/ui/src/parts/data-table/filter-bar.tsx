import { ActionIcon, Button, Group, Loader, Menu, Popover, Text, TextInput, Tooltip, UnstyledButton } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconFilterPlus, IconSearch, IconX } from "@tabler/icons-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { useTimeZone } from "../../time/time-zone.tsx";
import { filterWords } from "./filter-words.ts";
import type { ColumnFilter, Filters, FilterValue } from "./table-search.ts";
import classes from "./data-table.module.css";

// Its fields are more than all else of a list, and few lists are filtered.
const FilterEditor = lazy(async () => ({ default: (await import("./filter-editor.tsx")).FilterEditor }));

export interface FilterableColumn {
  id: string;
  header: string;
  filter: ColumnFilter;
}

interface Bar {
  columns: readonly FilterableColumn[];
  filters: Filters;
  /** The column whose filter is open. */
  open: string | null;
  onOpen: (id: string | null) => void;
  onChange: (id: string, value: FilterValue | undefined) => void;
  onClear: () => void;
  /** A text column that has its field here always. */
  searchBy?: string | undefined;
}

/** What is filtered by, each as a chip that opens to be changed, and a menu of all else there is to filter by. */
export function FilterBar({ columns, filters, open, onOpen, onChange, onClear, searchBy }: Bar) {
  const search = columns.find(({ id }) => id === searchBy);
  const chips = columns.filter(({ id }) => id !== searchBy && (filters[id] !== undefined || id === open));
  const rest = columns.filter(({ id }) => id !== searchBy && filters[id] === undefined);
  return (
    <Group gap={6} role="group" aria-label="Filters">
      {search !== undefined && <SearchField column={search} value={filters[search.id]} onChange={onChange} />}
      {chips.map((column) => (
        <FilterChip
          key={column.id}
          column={column}
          value={filters[column.id]}
          isOpen={open === column.id}
          onOpen={(isOpen) => onOpen(isOpen ? column.id : null)}
          onChange={(value) => onChange(column.id, value)}
        />
      ))}
      {rest.length > 0 && (
        <Menu position="bottom-start">
          <Menu.Target>
            <Button size="compact-sm" variant="subtle" color="gray" leftSection={<IconFilterPlus size={15} />} className={classes["add"]}>
              Filter
            </Button>
          </Menu.Target>
          <Menu.Dropdown mah={420} style={{ overflowY: "auto" }}>
            {rest.map(({ id, header }) => (
              <Menu.Item key={id} onClick={() => onOpen(id)}>
                {header}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
      {Object.keys(filters).length > 1 && (
        <Button size="compact-sm" variant="subtle" color="gray" onClick={onClear} className={classes["add"]}>
          Clear all
        </Button>
      )}
    </Group>
  );
}

function FilterChip({
  column,
  value,
  isOpen,
  onOpen,
  onChange,
}: {
  column: FilterableColumn;
  value: FilterValue | undefined;
  isOpen: boolean;
  onOpen: (isOpen: boolean) => void;
  onChange: (value: FilterValue | undefined) => void;
}) {
  const { zone } = useTimeZone();
  const words = value === undefined ? "…" : filterWords(column.filter, value, zone);
  return (
    <Popover opened={isOpen} onChange={onOpen} position="bottom-start" trapFocus withinPortal returnFocus shadow="md">
      <span className={classes["chip"]} data-open={isOpen || undefined}>
        <Popover.Target>
          <UnstyledButton className={classes["chipText"]} onClick={() => onOpen(!isOpen)}>
            <Text span size="xs" c="dimmed">
              {column.header}
            </Text>{" "}
            <Text span size="xs" fw={500}>
              {words}
            </Text>
          </UnstyledButton>
        </Popover.Target>
        <Tooltip label="Without this filter">
          <ActionIcon
            size={20}
            variant="subtle"
            color="gray"
            aria-label={`Without the filter ${column.header}`}
            onClick={() => {
              onOpen(false);
              onChange(undefined);
            }}
          >
            <IconX size={12} />
          </ActionIcon>
        </Tooltip>
      </span>
      <Popover.Dropdown p="sm" aria-label={`Filter ${column.header}`}>
        <Suspense fallback={<Loader size="xs" aria-label="Loading" />}>
          <FilterEditor filter={column.filter} label={column.header} value={value} onChange={onChange} />
        </Suspense>
      </Popover.Dropdown>
    </Popover>
  );
}

const SETTLE_MS = 250;

function SearchField({
  column,
  value,
  onChange,
}: {
  column: FilterableColumn;
  value: FilterValue | undefined;
  onChange: (id: string, value: FilterValue | undefined) => void;
}) {
  const given = typeof value === "string" ? value : "";
  const [text, setText] = useState(given);
  const [told, setTold] = useState(given);
  const tell = useDebouncedCallback((typed: string) => {
    setTold(typed);
    onChange(column.id, typed === "" ? undefined : typed);
  }, SETTLE_MS);
  // The address may be changed by others: back, a link, “clear all”. What is being typed stays.
  useEffect(() => {
    if (given !== told) {
      setTold(given);
      setText(given);
    }
  }, [given, told]);
  return (
    <TextInput
      size="xs"
      className={classes["search"]}
      aria-label={`Search by ${inSentence(column.header)}`}
      placeholder={`Search by ${inSentence(column.header)}`}
      leftSection={<IconSearch size={14} />}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        tell(event.currentTarget.value);
      }}
      rightSection={
        text === "" ? undefined : (
          <ActionIcon
            size="sm"
            variant="subtle"
            color="gray"
            aria-label="Clear the search"
            onClick={() => {
              setText("");
              setTold("");
              onChange(column.id, undefined);
            }}
          >
            <IconX size={13} />
          </ActionIcon>
        )
      }
    />
  );
}

/** The header's words inside a sentence; acronyms stay as they are. */
function inSentence(header: string): string {
  return /^[A-Z]{2}/.test(header) ? header : header.toLowerCase();
}
