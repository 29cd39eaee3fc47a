import type { Point } from "./graph-layout.ts";

const CORNER = 6;
const ARROW_LONG = 7;
const ARROW_WIDE = 3.5;

/** A line through points, with round corners. */
export function linePath(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined || rest.length === 0) return "";
  let path = `M${round(first.x)} ${round(first.y)}`;
  for (const [index, point] of rest.entries()) {
    const next = rest[index + 1];
    if (next === undefined) {
      path += `L${round(point.x)} ${round(point.y)}`;
      break;
    }
    const before = towards(point, points[index]!, CORNER);
    const after = towards(point, next, CORNER);
    path += `L${round(before.x)} ${round(before.y)}Q${round(point.x)} ${round(point.y)} ${round(after.x)} ${round(after.y)}`;
  }
  return path;
}

/** The head at the end of a line. */
export function arrowPath(points: readonly Point[]): string {
  const end = points.at(-1);
  const before = points.at(-2);
  if (end === undefined || before === undefined) return "";
  const length = Math.hypot(end.x - before.x, end.y - before.y) || 1;
  const ux = (end.x - before.x) / length;
  const uy = (end.y - before.y) / length;
  const back = { x: end.x - ux * ARROW_LONG, y: end.y - uy * ARROW_LONG };
  const corner = (side: 1 | -1) => `${round(back.x - uy * ARROW_WIDE * side)} ${round(back.y + ux * ARROW_WIDE * side)}`;
  return `M${round(end.x)} ${round(end.y)}L${corner(1)}L${corner(-1)}Z`;
}

/** A point on the way to another, at most half of it. */
function towards(from: Point, to: Point, distance: number): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  if (length === 0) return from;
  const part = Math.min(distance, length / 2) / length;
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
