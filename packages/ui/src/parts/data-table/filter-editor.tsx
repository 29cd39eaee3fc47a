import { Button, Checkbox, Group, SegmentedControl, Stack, TagsInput, Text, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useState } from "react";
import { fromWallClock, toWallClock } from "../../time/wall-clock.ts";
import { useTimeZone } from "../../time/time-zone.tsx";
import { StateBadge } from "../../states/state-badge.tsx";
import { type Choice, type ColumnFilter, type FilterValue, readDuration, readRange, resolveInstant, writeRange } from "./table-search.ts";

interface Editing<F extends ColumnFilter["kind"]> {
  filter: Extract<ColumnFilter, { kind: F }>;
  label: string;
  value: FilterValue | undefined;
  onChange: (value: FilterValue | undefined) => void;
}

/** Edits a filter by the kind of its column; what is typed counts a moment later, without a button. */
export function FilterEditor(editing: Editing<ColumnFilter["kind"]>) {
  switch (editing.filter.kind) {
    case "text":
      return <TextEditor {...editing} filter={editing.filter} />;
    case "choice":
      return <ChoiceEditor {...editing} filter={editing.filter} />;
    case "list":
      return <ListEditor {...editing} filter={editing.filter} />;
    case "numbers":
      return <NumbersEditor {...editing} filter={editing.filter} />;
    case "instant":
      return <InstantEditor {...editing} filter={editing.filter} />;
    case "duration":
      return <DurationEditor {...editing} filter={editing.filter} />;
    case "flag":
      return <FlagEditor {...editing} filter={editing.filter} />;
  }
}

const SETTLE_MS = 300;

function TextEditor({ filter, label, value, onChange }: Editing<"text">) {
  const [text, setText] = useState(typeof value === "string" ? value : "");
  const tell = useDebouncedCallback((typed: string) => onChange(typed === "" ? undefined : typed), SETTLE_MS);
  return (
    <TextInput
      size="xs"
      w={240}
      label={`${label} contains`}
      placeholder={filter.placeholder ?? "part of it; % and _ are wildcards"}
      value={text}
      data-autofocus
      onChange={(event) => {
        setText(event.currentTarget.value);
        tell(event.currentTarget.value);
      }}
    />
  );
}

function ChoiceEditor({ filter, label, value, onChange }: Editing<"choice">) {
  const chosen = Array.isArray(value) ? [...(value as string[])] : [];
  return (
    <Checkbox.Group value={chosen} onChange={(next) => onChange(next)} aria-label={label}>
      <Stack gap={7} mah={320} style={{ overflowY: "auto" }} py={2} pr={4}>
        {filter.options.map((option) => (
          <Checkbox key={option.value} size="xs" value={option.value} label={<ChoiceLabel option={option} />} />
        ))}
      </Stack>
    </Checkbox.Group>
  );
}

function ChoiceLabel({ option }: { option: Choice }) {
  return option.isState === true ? <StateBadge state={option.value} /> : <>{option.label}</>;
}

const NO_SUGGESTIONS = (): readonly string[] => [];

function ListEditor({ filter, label, value, onChange }: Editing<"list">) {
  const useSuggestions = filter.useSuggestions ?? NO_SUGGESTIONS;
  const suggestions = useSuggestions();
  return (
    <TagsInput
      size="xs"
      w={260}
      label={label}
      description={filter.useSuggestions === undefined ? "Exactly, several with Enter" : "Choose, or type and press Enter"}
      placeholder={filter.placeholder ?? ""}
      data={[...suggestions]}
      value={Array.isArray(value) ? [...(value as string[])] : []}
      onChange={(next) => onChange(next)}
      comboboxProps={{ withinPortal: false }}
      data-autofocus
    />
  );
}

function NumbersEditor({ label, value, onChange }: Editing<"numbers">) {
  return (
    <TagsInput
      size="xs"
      w={240}
      label={label}
      description="Numbers, several with Enter"
      splitChars={[",", " "]}
      value={Array.isArray(value) ? [...(value as string[])] : []}
      onChange={(next) => onChange(next.filter((item) => /^-?\d+$/.test(item)))}
      inputMode="numeric"
      data-autofocus
    />
  );
}

const PRESETS: readonly (readonly [value: string, label: string])[] = [
  ["-15m..", "15 min"],
  ["-1h..", "1 hour"],
  ["-6h..", "6 hours"],
  ["-24h..", "24 hours"],
  ["-7d..", "7 days"],
  ["-30d..", "30 days"],
];

function InstantEditor({ label, value, onChange }: Editing<"instant">) {
  const { zone } = useTimeZone();
  const range = typeof value === "string" ? readRange(value) : undefined;
  const shown = (end: string | undefined) => {
    const at = end === undefined ? undefined : resolveInstant(end, Date.now());
    return at === undefined ? "" : toWallClock(at, zone).slice(0, 16);
  };
  const change = (from: string | undefined, to: string | undefined) => onChange(writeRange(from, to));
  return (
    <Stack gap="xs" w={270}>
      <div>
        <Text size="xs" fw={500} mb={4}>
          {label} in the last
        </Text>
        <Group gap={4}>
          {PRESETS.map(([preset, words]) => (
            <Button
              key={preset}
              size="compact-xs"
              variant={value === preset ? "filled" : "default"}
              aria-pressed={value === preset}
              onClick={() => onChange(value === preset ? undefined : preset)}
            >
              {words}
            </Button>
          ))}
        </Group>
      </div>
      <TextInput
        size="xs"
        type="datetime-local"
        label={`From (${zone})`}
        value={shown(range?.from)}
        onChange={(event) => change(fromWallClock(event.currentTarget.value, zone), range?.to)}
      />
      <TextInput
        size="xs"
        type="datetime-local"
        label={`To (${zone})`}
        value={shown(range?.to)}
        onChange={(event) => change(range?.from, fromWallClock(event.currentTarget.value, zone))}
      />
    </Stack>
  );
}

function DurationEditor({ label, value, onChange }: Editing<"duration">) {
  const range = typeof value === "string" ? readRange(value) : undefined;
  const [from, setFrom] = useState(range?.from === undefined ? "" : `${range.from} s`);
  const [to, setTo] = useState(range?.to === undefined ? "" : `${range.to} s`);
  const tell = useDebouncedCallback((least: string, most: string) => {
    const [atLeast, atMost] = [readDuration(least), readDuration(most)];
    onChange(writeRange(atLeast?.toString(), atMost?.toString()));
  }, SETTLE_MS);
  const problem = (text: string) => (text === "" || readDuration(text) !== undefined ? undefined : "Such as 90, 1.5 h or 2m 30s");
  return (
    <Stack gap="xs" w={220}>
      <TextInput
        size="xs"
        label={`${label}: at least`}
        placeholder="2m 30s"
        value={from}
        error={problem(from)}
        data-autofocus
        onChange={(event) => {
          setFrom(event.currentTarget.value);
          tell(event.currentTarget.value, to);
        }}
      />
      <TextInput
        size="xs"
        label="At most"
        placeholder="1 h"
        value={to}
        error={problem(to)}
        onChange={(event) => {
          setTo(event.currentTarget.value);
          tell(from, event.currentTarget.value);
        }}
      />
    </Stack>
  );
}

function FlagEditor({ filter, label, value, onChange }: Editing<"flag">) {
  return (
    <SegmentedControl
      size="xs"
      aria-label={label}
      value={value === undefined ? "any" : String(value)}
      onChange={(next) => onChange(next === "any" ? undefined : next === "true")}
      data={[
        { value: "any", label: "Any" },
        { value: "true", label: filter.yes },
        { value: "false", label: filter.no },
      ]}
    />
  );
}
