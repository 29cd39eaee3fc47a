import { SegmentedControl, Select, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { TaskInstance } from "../api/queries.ts";
import { begunTries, hasEnded, type TaskPlace, taskTriesQuery, type TaskTry } from "../api/task-instance.ts";
import { LogViewer } from "../logs/log-viewer.tsx";
import { Empty } from "../parts/empty.tsx";
import { lookOf } from "../states/state-look.ts";
import { TryHeading } from "./try-heading.tsx";
import type { TaskSearch } from "./task-search.ts";
import classes from "./task-page.module.css";

interface LogTabProps {
  place: TaskPlace;
  instance: TaskInstance;
  search: TaskSearch;
  onSearch: (next: Partial<TaskSearch>) => void;
}

/** The log of a try, or of two beside each other. */
export function LogTab({ place, instance, search, onSearch }: LogTabProps) {
  const latest = begunTries(instance);
  const { data: tries } = useQuery({ ...taskTriesQuery(place, instance.try_number), enabled: latest > 0 });
  if (latest === 0) return <Empty title="It has not been tried yet">Its log begins with its first try.</Empty>;
  const tryNumber = Math.min(search.try ?? latest, latest);
  const beside = search.beside !== undefined && search.beside <= latest && search.beside !== tryNumber ? search.beside : undefined;
  const { try: _try, beside: _beside, tab: _tab, map_index: _mapIndex, page: _page, ...view } = search;
  const shown = beside === undefined ? [tryNumber] : [tryNumber, beside];
  return (
    <>
      {latest > 1 && (
        <TryChoice
          latest={latest}
          tries={tries ?? []}
          tryNumber={tryNumber}
          beside={beside}
          onTry={(next) => onSearch({ try: next === latest ? undefined : next })}
          onBeside={(next) => onSearch({ beside: next })}
        />
      )}
      <div className={classes["logs"]} data-two={shown.length > 1 || undefined}>
        {shown.map((number) => {
          const one = tries?.find((entry) => entry.try_number === number);
          const state = number === instance.try_number ? instance.state : (one?.state ?? "failed");
          const log = (
            <LogViewer
              {...place}
              tryNumber={number}
              isLive={number === instance.try_number && !hasEnded(state) && state !== "up_for_retry"}
              hasFailed={state === "failed" || state === "up_for_retry"}
              hasAddress={beside === undefined}
              {...(beside === undefined ? { view, onView: (next) => onSearch({ ...WITHOUT_VIEW, ...next }) } : {})}
            />
          );
          if (beside === undefined) return <div key={number}>{log}</div>;
          return (
            <section key={number} className={classes["beside"]} aria-label={`Try ${number}`}>
              {one !== undefined && <TryHeading one={one} other={tries?.find((entry) => shown.includes(entry.try_number) && entry !== one)} />}
              {log}
            </section>
          );
        })}
      </div>
    </>
  );
}

const WITHOUT_VIEW = { q: undefined, case: undefined, pattern: undefined, level: undefined, without: undefined };
const MOST_SEGMENTS = 6;

interface TryChoiceProps {
  latest: number;
  tries: readonly TaskTry[];
  tryNumber: number;
  beside: number | undefined;
  onTry: (tryNumber: number) => void;
  onBeside: (tryNumber: number | undefined) => void;
}

function TryChoice({ latest, tries, tryNumber, beside, onTry, onBeside }: TryChoiceProps) {
  const numbers = Array.from({ length: latest }, (_, index) => index + 1);
  const stateOf = (number: number): string | null => tries.find((one) => one.try_number === number)?.state ?? null;
  return (
    <div className={classes["tools"]}>
      <Text size="sm" c="dimmed">
        Try
      </Text>
      {latest <= MOST_SEGMENTS ? (
        <SegmentedControl
          size="xs"
          aria-label="Try"
          value={String(tryNumber)}
          onChange={(value) => onTry(Number(value))}
          data={numbers.map((number) => ({ value: String(number), label: <TryLabel number={number} state={stateOf(number)} /> }))}
        />
      ) : (
        <Select
          size="xs"
          w={150}
          aria-label="Try"
          allowDeselect={false}
          value={String(tryNumber)}
          onChange={(value) => onTry(Number(value))}
          data={numbers.toReversed().map((number) => ({ value: String(number), label: `${number}, ${lookOf(stateOf(number)).label.toLowerCase()}` }))}
        />
      )}
      <Select
        size="xs"
        w={170}
        aria-label="Beside it"
        placeholder="Compare with…"
        clearable
        value={beside === undefined ? null : String(beside)}
        onChange={(value) => onBeside(value === null ? undefined : Number(value))}
        data={numbers
          .filter((number) => number !== tryNumber)
          .toReversed()
          .map((number) => ({ value: String(number), label: `beside try ${number}` }))}
      />
    </div>
  );
}

function TryLabel({ number, state }: { number: number; state: string | null }) {
  const { Icon, fill, label } = lookOf(state);
  return (
    <span className={classes["try-label"]}>
      <span className={classes["try-sign"]} style={{ background: fill }} title={label}>
        <Icon size={9} stroke={3.5} aria-label={label} />
      </span>
      {number}
    </span>
  );
}
