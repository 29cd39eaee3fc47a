import { Anchor } from "@mantine/core";
import type { LogBook } from "./log-book.ts";
import { MOST_ROWS, type LogStreamStatus } from "./log-stream.ts";
import type { LineRange } from "./log-view.ts";
import classes from "./log-viewer.module.css";

interface LogStatusBarProps {
  book: LogBook;
  shown: number;
  status: LogStreamStatus;
  isLive: boolean;
  isFollowing: boolean;
  picked: LineRange | null;
  onTop: () => void;
  onEnd: () => void;
}

/** How much there is, and whether more comes. */
export function LogStatusBar({ book, shown, status, isLive, isFollowing, picked, onTop, onEnd }: LogStatusBarProps) {
  const count = book.rows.length;
  return (
    <div className={classes["status"]}>
      <span>
        {count.toLocaleString("en")} {count === 1 ? "line" : "lines"}
        {shown < count && `, ${shown.toLocaleString("en")} shown`}
      </span>
      {picked !== null && <span>{picked.from === picked.to ? `Line ${picked.from}` : `Lines ${picked.from} to ${picked.to}`}</span>}
      <span className={classes["space"]} />
      <span
        role="status"
        className={status === "live" && isLive ? classes["live"] : status === "away" ? classes["live"] : undefined}
        data-away={status === "away" || undefined}
      >
        {tell(status, isLive, isFollowing)}
      </span>
      {count > 100 && (
        <span>
          <Anchor component="button" type="button" fz="xs" onClick={onTop}>
            Top
          </Anchor>
          {" · "}
          <Anchor component="button" type="button" fz="xs" onClick={onEnd}>
            End
          </Anchor>
        </span>
      )}
    </div>
  );
}

function tell(status: LogStreamStatus, isLive: boolean, isFollowing: boolean): string {
  switch (status) {
    case "loading":
      return "Loading";
    case "live":
      return isLive ? (isFollowing ? "Live, following the end" : "Live") : "Loading";
    case "away":
      return "The connection is lost; trying again";
    case "full":
      return `The first ${MOST_ROWS.toLocaleString("en")} lines; download the log for the rest`;
    case "ended":
    case "failed":
      return "";
  }
}
