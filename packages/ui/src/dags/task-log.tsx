import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type LogLine, taskLogQuery, type TaskInstance } from "../api/queries.ts";
import { Problem } from "../parts/problem.tsx";
import { formatInstant } from "../time/format.ts";
import { useTimeZone } from "../time/time-zone.tsx";
import classes from "./selection-panel.module.css";

/** The end of a try's log; it grows while the try runs. */
export function TaskLog({ instance, tryNumber }: { instance: TaskInstance; tryNumber: number }) {
  const isLive = instance.state === "running" && tryNumber === instance.try_number;
  const { data, error, refetch } = useQuery(taskLogQuery(instance, tryNumber, isLive));
  const { zone } = useTimeZone();
  if (tryNumber === 0) {
    return (
      <Text size="sm" c="dimmed">
        It has not been tried yet.
      </Text>
    );
  }
  if (data === undefined) return error === null ? null : <Problem error={error} retry={() => void refetch()} />;
  if (data.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {isLive ? "Nothing has been logged yet." : "Nothing was logged."}
      </Text>
    );
  }
  return (
    <pre className={classes["log"]} aria-label="Log" tabIndex={0}>
      {data.map((line, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- lines of a log never change their place
        <div key={index} className={classes[levelOf(line)] ?? ""}>
          {line.timestamp !== undefined && <span className={classes["at"]}>{formatInstant(line.timestamp, zone).slice(11)} </span>}
          {line.event}
        </div>
      ))}
    </pre>
  );
}

function levelOf({ level }: LogLine): string {
  return level === "critical" ? "error" : (level ?? "");
}
