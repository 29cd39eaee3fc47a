import { Button, Popover, SegmentedControl, Select, Stack, Text, TextInput } from "@mantine/core";
import { IconFilter } from "@tabler/icons-react";
import { DAG_RUN_STATES, DAG_RUN_TYPES } from "@tradewind/core";
import { lookOf } from "../states/state-look.ts";
import { useTimeZone } from "../time/time-zone.tsx";
import { fromWallClock, toWallClock } from "../time/wall-clock.ts";
import { DEFAULT_RUN_LIMIT, RUN_LIMITS, type RunLimit, type RunsChange, type RunsSearch } from "./runs-search.ts";
import classes from "./runs-tab.module.css";

const STATES = DAG_RUN_STATES.map((state) => ({ value: state, label: lookOf(state).label }));
const TYPES = DAG_RUN_TYPES.map((type) => ({ value: type, label: type.replaceAll("_", " ") }));

/** Which runs the grid has: how many, in which state, of which type, up to when. */
export function RunsFilter({ search, change }: { search: RunsSearch; change: (next: RunsChange) => void }) {
  const { zone } = useTimeZone();
  const { runs = DEFAULT_RUN_LIMIT, state, type, before } = search;
  const active = [state, type, before].filter((value) => value !== undefined).length;
  return (
    <Popover position="bottom-end" withArrow trapFocus>
      <Popover.Target>
        <Button
          variant={active > 0 ? "light" : "subtle"}
          color={active > 0 ? "sea" : "gray"}
          size="compact-sm"
          fw={500}
          leftSection={<IconFilter size={14} />}
          aria-label={`${runs} runs${active > 0 ? ` · ${active} filters` : ""}, choose which`}
        >
          {runs}
          <span className={classes["wideOnly"]}> runs</span>
          {active > 0 && ` · ${active}`}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Stack gap="sm" w={260}>
          <div>
            <Text size="sm" fw={500} mb={4} id="runs-limit">
              How many
            </Text>
            <SegmentedControl
              size="xs"
              fullWidth
              aria-labelledby="runs-limit"
              value={String(runs)}
              onChange={(value) => change({ runs: Number(value) as RunLimit })}
              data={RUN_LIMITS.map(String)}
            />
          </div>
          <Select
            label="State"
            size="xs"
            placeholder="Any"
            clearable
            data={STATES}
            value={state ?? null}
            onChange={(value) => change({ state: value ?? undefined })}
            comboboxProps={{ withinPortal: false }}
          />
          <Select
            label="Type"
            size="xs"
            placeholder="Any"
            clearable
            data={TYPES}
            value={type ?? null}
            onChange={(value) => change({ type: value ?? undefined })}
            comboboxProps={{ withinPortal: false }}
          />
          <TextInput
            label={`Up to (${zone})`}
            size="xs"
            type="datetime-local"
            value={before === undefined ? "" : toWallClock(before, zone).slice(0, 16)}
            onChange={(event) => {
              const { value } = event.currentTarget;
              change({ before: value === "" ? undefined : fromWallClock(value, zone) });
            }}
          />
          <Button
            size="compact-xs"
            variant="default"
            disabled={active === 0 && runs === DEFAULT_RUN_LIMIT}
            onClick={() => change({ runs: undefined, state: undefined, type: undefined, before: undefined })}
          >
            Back to the newest {DEFAULT_RUN_LIMIT}
          </Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
