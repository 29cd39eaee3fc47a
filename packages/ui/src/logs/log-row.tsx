import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { Fragment, memo, type MouseEvent } from "react";
import { cssOf } from "./ansi-css.ts";
import type { LogRow } from "./log-book.ts";
import { type MatchRange, segmentsOf } from "./log-segments.ts";
import { timeOfLine } from "./log-time.ts";
import { wrapPlaces } from "./log-wrap.ts";
import classes from "./log-viewer.module.css";

export interface LogLineProps {
  row: LogRow;
  /** Number of the row, from 0. */
  index: number;
  /** Zone that its time is shown in; null: it is not shown. */
  zone: string | null;
  /** Columns that it is wrapped into; null: it is one line. */
  width: number | null;
  isFolded: boolean;
  /** How much is in the group, when it is one. */
  size: string;
  isPicked: boolean;
  /** What was searched, in this row. */
  matches: readonly MatchRange[];
  /** Which of `matches` is the one that was gone to; -1: none. */
  current: number;
  onPick: (line: number, extend: boolean) => void;
  onFold: (index: number) => void;
}

const TAGS: Partial<Record<LogRow["level"], string>> = { error: "ERROR", warning: "WARN", debug: "DEBUG", trace: "TRACE" };

/** What stands before a line: its level, or where it was printed when that says more. */
function tagOf({ level, source, at }: LogRow): string {
  if (at === null) return "";
  return TAGS[level] ?? (source === "stderr" ? "STDERR" : source === "log" ? "INFO" : source === "system" ? "SYSTEM" : "");
}

export const LogLine = memo(function LogLine({ row, index, zone, width, isFolded, size, isPicked, matches, current, onPick, onFold }: LogLineProps) {
  const line = index + 1;
  const pick = (event: MouseEvent): void => {
    event.preventDefault();
    onPick(line, event.shiftKey);
  };
  return (
    <div className={classes["line"]} data-level={row.level} data-source={row.source} data-picked={isPicked || undefined} data-line={line}>
      <a className={classes["number"]} href={`#L${line}`} tabIndex={-1} onClick={pick} aria-label={`Line ${line}`}>
        {line}
      </a>
      {zone !== null && <span className={classes["time"]}>{row.at === null ? "" : timeOfLine(row.at, zone)}</span>}
      <span className={classes["tag"]}>{tagOf(row)}</span>
      {row.kind === "group" ? (
        <button
          type="button"
          className={classes["group"]}
          style={{ paddingLeft: `${row.depth * 2}ch` }}
          aria-expanded={!isFolded}
          onClick={() => onFold(index)}
        >
          {isFolded ? <IconChevronRight size={14} aria-hidden /> : <IconChevronDown size={14} aria-hidden />}
          <span>{textOf(row, matches, current, null)}</span>
          <span className={classes["size"]}>{size}</span>
        </button>
      ) : (
        <span className={classes["text"]} style={row.depth === 0 ? undefined : { paddingLeft: `${row.depth * 2}ch` }}>
          {width === null && row.raw === null && matches.length === 0 && row.fieldsAt === row.text.length && !row.text.includes("://")
            ? row.text
            : textOf(row, matches, current, width)}
        </span>
      )}
    </div>
  );
});

function textOf(row: LogRow, matches: readonly MatchRange[], current: number, width: number | null) {
  const segments = segmentsOf(row, matches, width === null ? [] : wrapPlaces(row, width));
  return segments.map(({ text, style, href, isField, match }, index) => {
    const endsLine = segments[index + 1]?.isWrapped === true;
    // It takes no room: beyond the edge it would begin a line.
    const space = endsLine && text.endsWith(" ") ? " " : "";
    const shown = text.slice(0, text.length - space.length);
    const css = style === null ? undefined : cssOf(style);
    const inner =
      match === null ? (
        shown
      ) : (
        <mark className={classes["match"]} data-current={match === current || undefined}>
          {shown}
        </mark>
      );
    const key = index;
    return (
      <Fragment key={key}>
        {href === null ? (
          <span style={css} className={isField ? classes["field"] : undefined}>
            {inner}
          </span>
        ) : (
          <a href={href} target="_blank" rel="noreferrer" style={css} className={classes["address"]}>
            {inner}
          </a>
        )}
        {endsLine && <span className={classes["wrap"]}>{space}</span>}
      </Fragment>
    );
  });
}

/** How much is in a group, in words. */
export function sizeOfGroup({ end, errors }: LogRow, index: number): string {
  if (end === -1) return "open";
  const lines = Math.max(0, end - index - 2);
  return `${lines.toLocaleString("en")} ${lines === 1 ? "line" : "lines"}${errors === 0 ? "" : `, ${errors} with errors`}`;
}
