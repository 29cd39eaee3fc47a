import type { TaskTry } from "../api/task-instance.ts";
import { StateBadge } from "../states/state-badge.tsx";
import { formatDurationMs } from "../time/format.ts";
import { Instant } from "../time/instant.tsx";
import classes from "./task-page.module.css";

/** How a try ended, above its log; what differs from the other one beside it stands out. */
export function TryHeading({ one, other }: { one: TaskTry; other: TaskTry | undefined }) {
  const differs = (name: "state" | "hostname" | "queue" | "pool"): true | undefined =>
    other !== undefined && other[name] !== one[name] ? true : undefined;
  return (
    <header className={classes["try-heading"]}>
      <h2>Try {one.try_number}</h2>
      <span data-differs={differs("state")}>
        <StateBadge state={one.state} />
      </span>
      <span>
        <Instant at={one.start_date} />
      </span>
      <span>{tookOf(one, other)}</span>
      {one.hostname !== null && one.hostname !== "" && <span data-differs={differs("hostname")}>on {one.hostname}</span>}
      {differs("pool") && <span data-differs>pool {one.pool}</span>}
      {differs("queue") && <span data-differs>queue {one.queue}</span>}
      {one.state_reason !== null && <p>{one.state_reason}</p>}
    </header>
  );
}

/** `took 4.2 s, 3× longer`: of two, the longer one says by how much, when that is a lot. */
function tookOf(one: TaskTry, other: TaskTry | undefined): string {
  if (one.duration === null) return "";
  const took = `took ${formatDurationMs(one.duration * 1000)}`;
  const times = other?.duration == null || other.duration === 0 ? 1 : one.duration / other.duration;
  return times >= 2 ? `${took}, ${times.toFixed(times < 10 ? 1 : 0)}× longer` : took;
}
