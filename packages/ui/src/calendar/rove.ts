import { type KeyboardEvent, useState } from "react";

/** Where a cell is among the others. */
export interface CellSpot {
  id: string;
  row: number;
  column: number;
}

export type Direction = "left" | "right" | "up" | "down";

const KEYS: Readonly<Record<string, Direction>> = { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" };

/** The next cell in a direction: left and right go on in the next row, up and down to the nearest one of the nearest row. */
export function nextSpot(spots: readonly CellSpot[], current: string, direction: Direction): CellSpot | undefined {
  const index = spots.findIndex(({ id }) => id === current);
  const from = spots[index];
  if (from === undefined) return spots[0];
  if (direction === "left") return spots[index - 1];
  if (direction === "right") return spots[index + 1];
  const isDown = direction === "down";
  const there = spots.filter(({ row }) => (isDown ? row > from.row : row < from.row));
  return there.toSorted(
    (a, b) => Math.abs(a.row - from.row) - Math.abs(b.row - from.row) || Math.abs(a.column - from.column) - Math.abs(b.column - from.column),
  )[0];
}

/** One of many cells is reached by Tab, the others by the arrow keys. `spots` are in order of reading; a cell has its id in `data-cell`. */
export function useRove(
  spots: readonly CellSpot[],
  usual: string | undefined,
): { tabbed: string | undefined; onKeyDown: (event: KeyboardEvent<HTMLElement>) => void; onFocus: (id: string) => void } {
  const [focused, setFocused] = useState<string | undefined>(undefined);
  const known = (id: string | undefined): boolean => id !== undefined && spots.some((spot) => spot.id === id);
  const tabbed = known(focused) ? focused : known(usual) ? usual : spots[0]?.id;
  return {
    tabbed,
    onFocus: setFocused,
    onKeyDown(event) {
      const direction = KEYS[event.key];
      const id = (event.target as HTMLElement).dataset["cell"];
      if (direction === undefined || id === undefined) return;
      event.preventDefault();
      const next = nextSpot(spots, id, direction);
      if (next !== undefined) event.currentTarget.querySelector<HTMLElement>(`[data-cell="${next.id}"]`)?.focus();
    },
  };
}
