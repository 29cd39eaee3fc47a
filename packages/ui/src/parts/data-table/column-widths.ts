import type { DataColumn } from "./columns.ts";

const USUAL_PX = 140;

/** Pixels of each column: what it takes at least, and its share of what the table has left. */
export function columnWidths<Row>(columns: readonly DataColumn<Row>[], available: number): number[] {
  const least = columns.map(({ width = USUAL_PX }) => width);
  const growing = columns.map(({ isFixed }, index) => (isFixed === true ? 0 : least[index]!));
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  const left = available - sum(least);
  const shares = sum(growing);
  if (left <= 0 || shares === 0) return least;
  return least.map((px, index) => Math.floor(px + (left * growing[index]!) / shares));
}
