import { IconPlayerPlayFilled, IconX } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { CalendarCell } from "../api/dag-times.ts";
import { lookOf } from "../states/state-look.ts";
import { cellBounds, sharesOf, toldOf } from "./calendar-model.ts";
import classes from "./calendar.module.css";

interface CellProps {
  dagId: string;
  /** `2026-11-21T00:00` */
  startsAt: string;
  unit: "day" | "hour";
  zone: string;
  cell: CalendarCell | undefined;
  /** What stands in it; absent: nothing does. */
  text?: string;
  /** What it is, in words. */
  name: string;
  isNow: boolean;
  isTabbed: boolean;
  onFocus: (startsAt: string) => void;
}

/** A day or an hour: filled by how its runs ended, outlined when runs are only planned. It leads to the runs. */
export function CalendarCellView({ dagId, startsAt, unit, zone, cell, text, name, isNow, isTabbed, onFocus }: CellProps) {
  const shares = cell === undefined ? [] : sharesOf(cell);
  const isPlanned = (cell?.planned ?? 0) > 0;
  const content = (
    <>
      {text !== undefined && <span>{text}</span>}
      {shares[0]?.state === "failed" && <IconX size={11} stroke={3.5} aria-hidden />}
      {shares[0]?.state === "running" && <IconPlayerPlayFilled size={9} aria-hidden />}
    </>
  );
  const common = { className: classes["cell"], "data-now": isNow || undefined, "data-planned": isPlanned || undefined, "data-unit": unit };
  if (shares.length === 0 && !isPlanned) return <span {...common}>{content}</span>;
  const marked = {
    ...common,
    "data-cell": startsAt,
    "data-filled": shares.length > 0 || undefined,
    style: { background: fillOf(shares) },
    tabIndex: isTabbed ? 0 : -1,
    "aria-label": `${name}: ${toldOf(cell)}`,
    onFocus: () => onFocus(startsAt),
  };
  if (shares.length === 0) {
    return (
      <span {...marked} role="img">
        {content}
      </span>
    );
  }
  const { from, to } = cellBounds(startsAt, unit, zone);
  return (
    <Link {...marked} to="/runs" search={{ dag: dagId, after: `${from}..${to}` }}>
      {content}
    </Link>
  );
}

function fillOf(shares: readonly { state: string; share: number }[]): string | undefined {
  if (shares.length === 0) return undefined;
  if (shares.length === 1) return lookOf(shares[0]!.state).fill;
  let at = 0;
  const stops = shares.map(({ state, share }) => {
    const from = at;
    at += share * 100;
    return `${lookOf(state).fill} ${from.toFixed(1)}% ${at.toFixed(1)}%`;
  });
  return `linear-gradient(to top, ${stops.join(", ")})`;
}
