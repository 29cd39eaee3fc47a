import { ActionIcon, Button, Group, Loader, SegmentedControl, Title } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { type CalendarCell, calendarQuery } from "../api/dag-times.ts";
import { ChartTip, type TipPlace, tipPlaceOf } from "../parts/chart-tip.tsx";
import { Problem } from "../parts/problem.tsx";
import { StateBadge } from "../states/state-badge.tsx";
import { useNow } from "../time/now.ts";
import { useTimeZone } from "../time/time-zone.tsx";
import { toWallClock } from "../time/wall-clock.ts";
import { CalendarCellView } from "./calendar-cell.tsx";
import { boundsOf, daysOf, monthOf, monthsOf, stepPeriod, toldOf, totalsOf, WEEKDAYS } from "./calendar-model.ts";
import { type CalendarSearch, readCalendarSearch } from "./calendar-search.ts";
import { type CellSpot, useRove } from "./rove.ts";
import classes from "./calendar.module.css";

const ROUTE = "/dags/$dagId/calendar";
const NOTHING: readonly CalendarCell[] = [];

/** The runs of a DAG in a year by days, or in a month by hours, with those that its schedule plans. */
export function CalendarPage() {
  const { dagId } = useParams({ from: ROUTE });
  const search = useSearch({ from: ROUTE });
  const navigate = useNavigate({ from: ROUTE });
  const { zone } = useTimeZone();
  const now = toWallClock(new Date(useNow(60_000)).toISOString(), zone);
  const unit = search.unit ?? "day";
  const present = now.slice(0, unit === "day" ? 4 : 7);
  const period = search.at ?? present;
  const { from, to } = boundsOf(period, zone);
  const { data, error, refetch, isPlaceholderData } = useQuery(calendarQuery(dagId, { from, to, unit, zone }));
  const change = (next: CalendarSearch): void => void navigate({ search: readCalendarSearch({ ...next }), replace: true, resetScroll: false });
  const go = (at: string): void => change({ ...search, at: at === present ? undefined : at });
  const cells = data?.cells ?? NOTHING;
  const planned = cells.reduce((sum, cell) => sum + cell.planned, 0);
  return (
    <div className={classes["page"]}>
      <div className={classes["tools"]}>
        <SegmentedControl
          size="xs"
          aria-label="What a cell is"
          value={unit}
          data={[
            { value: "day", label: "Days" },
            { value: "hour", label: "Hours" },
          ]}
          onChange={(next) => change(next === "hour" ? { unit: "hour" } : {})}
        />
        <Group gap={4} wrap="nowrap">
          <ActionIcon
            variant="default"
            size={30}
            aria-label={unit === "day" ? "Year before" : "Month before"}
            onClick={() => go(stepPeriod(period, -1))}
          >
            <IconChevronLeft size={16} />
          </ActionIcon>
          <Title order={2} className={classes["period"]} aria-live="polite">
            {unit === "day" ? period : monthOf(period).title}
          </Title>
          <ActionIcon variant="default" size={30} aria-label={unit === "day" ? "Next year" : "Next month"} onClick={() => go(stepPeriod(period, 1))}>
            <IconChevronRight size={16} />
          </ActionIcon>
          {period !== present && (
            <Button size="xs" variant="subtle" onClick={() => go(present)}>
              Today
            </Button>
          )}
        </Group>
        <span className={classes["space"]} />
        <div className={classes["totals"]}>
          {totalsOf(cells).map(({ state, runs }) => (
            <span key={state}>
              <StateBadge state={state} /> {runs.toLocaleString("en")}
            </span>
          ))}
          {planned > 0 && (
            <span>
              <span className={classes["planned-sign"]} aria-hidden /> Planned {planned.toLocaleString("en")}
              {data?.is_cut === true && "+"}
            </span>
          )}
          {data?.is_paused === true && <span>Paused: nothing is planned</span>}
        </div>
      </div>
      {data === undefined ? (
        error === null ? (
          <Loader size="sm" m="xl" aria-label="Loading" />
        ) : (
          <Problem error={error} retry={() => void refetch()} />
        )
      ) : (
        <Cells
          dagId={dagId}
          unit={unit}
          period={period}
          zone={zone}
          now={now}
          cells={cells}
          isOld={isPlaceholderData}
          onMonth={(month) => change({ unit: "hour", at: month })}
        />
      )}
    </div>
  );
}

interface CellsProps {
  dagId: string;
  unit: "day" | "hour";
  period: string;
  zone: string;
  /** On the wall clock. */
  now: string;
  cells: readonly CalendarCell[];
  /** They are of the period before: the right ones are on their way. */
  isOld: boolean;
  onMonth: (month: string) => void;
}

function Cells({ dagId, unit, period, zone, now, cells, isOld, onMonth }: CellsProps) {
  const byStart = useMemo(() => new Map(cells.map((cell) => [cell.starts_at, cell])), [cells]);
  const spots = useMemo(() => (unit === "day" ? daySpots(period) : hourSpots(period)).filter(({ id }) => byStart.has(id)), [unit, period, byStart]);
  const present = `${now.slice(0, unit === "day" ? 10 : 13)}${unit === "day" ? "T00" : ""}:00`;
  const rove = useRove(spots, present);
  const frame = useRef<HTMLDivElement>(null);
  // On a narrow screen the months are below each other: the page begins at the present one.
  useEffect(() => {
    frame.current?.querySelector("[data-now]")?.scrollIntoView({ block: "center" });
  }, [unit, period]);
  const [tip, setTip] = useState<{ startsAt: string; place: TipPlace } | null>(null);
  const point = (target: EventTarget): void => {
    const mark = target instanceof Element ? target.closest<HTMLElement>("[data-cell]") : null;
    setTip(mark === null ? null : { startsAt: mark.dataset["cell"]!, place: tipPlaceOf(mark, frame.current!) });
  };
  const show = (startsAt: string, name: string, text?: string): ReactNode => (
    <CalendarCellView
      key={startsAt}
      dagId={dagId}
      startsAt={startsAt}
      unit={unit}
      zone={zone}
      cell={byStart.get(startsAt)}
      {...(text === undefined ? {} : { text })}
      name={name}
      isNow={startsAt === present}
      isTabbed={rove.tabbed === startsAt}
      onFocus={rove.onFocus}
    />
  );
  return (
    <div
      ref={frame}
      className={classes["cells"]}
      data-old={isOld || undefined}
      onKeyDown={rove.onKeyDown}
      onPointerOver={(event) => point(event.target)}
      onPointerLeave={() => setTip(null)}
      onFocus={(event) => point(event.target)}
      onBlur={() => setTip(null)}
    >
      {unit === "day" ? <Year year={period} show={show} onMonth={onMonth} /> : <Hours month={period} show={show} />}
      {tip !== null && (
        <ChartTip place={tip.place}>
          <b>{nameOf(tip.startsAt, unit)}</b>
          <br />
          {toldOf(byStart.get(tip.startsAt))}
        </ChartTip>
      )}
    </div>
  );
}

type Show = (startsAt: string, name: string, text?: string) => ReactNode;

function Year({ year, show, onMonth }: { year: string; show: Show; onMonth: (month: string) => void }) {
  return (
    <div className={classes["year"]}>
      {monthsOf(year).map((month) => (
        <section key={month.id} aria-label={month.title}>
          <h3>
            <button type="button" onClick={() => onMonth(month.id)} title={`${month.title} by hours`}>
              {month.title.split(" ")[0]}
            </button>
          </h3>
          <div className={classes["month"]}>
            {WEEKDAYS.map((name) => (
              <span key={name} className={classes["weekday"]} aria-hidden>
                {name}
              </span>
            ))}
            {month.weeks.flat().map((day, place) =>
              // oxlint-disable-next-line react/no-array-index-key -- a place without a day has no other name
              day === null ? <span key={place} /> : show(`${day}T00:00`, nameOf(`${day}T00:00`, "day"), String(Number(day.slice(8)))),
            )}
          </div>
        </section>
      ))}
    </div>
  );
}

function Hours({ month, show }: { month: string; show: Show }) {
  const hours = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, "0"));
  return (
    <div className={classes["hours"]}>
      <span />
      {hours.map((hour) => (
        <span key={hour} className={classes["weekday"]} aria-hidden>
          {Number(hour) % 3 === 0 ? hour : ""}
        </span>
      ))}
      {daysOf(monthOf(month)).map((day) => (
        <div key={day} className={classes["day"]}>
          <span className={classes["day-name"]}>
            {Number(day.slice(8))} <small>{weekdayOf(day)}</small>
          </span>
          {hours.map((hour) => show(`${day}T${hour}:00`, nameOf(`${day}T${hour}:00`, "hour")))}
        </div>
      ))}
    </div>
  );
}

function weekdayOf(day: string): string {
  return WEEKDAYS[(new Date(`${day}T00:00Z`).getUTCDay() + 6) % 7]!;
}

function nameOf(startsAt: string, unit: "day" | "hour"): string {
  const day = `${weekdayOf(startsAt.slice(0, 10))} ${startsAt.slice(0, 10)}`;
  return unit === "day" ? day : `${day} ${startsAt.slice(11)}`;
}

function daySpots(year: string): CellSpot[] {
  return monthsOf(year).flatMap((month, index) =>
    month.weeks.flatMap((week, row) => week.flatMap((day, column) => (day === null ? [] : [{ id: `${day}T00:00`, row: index * 6 + row, column }]))),
  );
}

function hourSpots(month: string): CellSpot[] {
  return daysOf(monthOf(month)).flatMap((day, row) =>
    Array.from({ length: 24 }, (_, hour) => ({ id: `${day}T${String(hour).padStart(2, "0")}:00`, row, column: hour })),
  );
}
