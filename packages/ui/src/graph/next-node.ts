import type { Box } from "./graph-layout.ts";

const DIRECTIONS: Readonly<Record<string, readonly [dx: number, dy: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** What lies beside counts more than what lies far. */
const ASIDE = 2.5;

/** Where an arrow key leads: the nearest node in its direction, straight on rather than aside. Undefined: none lies there, or the key is no arrow. */
export function nextNode(boxes: ReadonlyMap<string, Box>, from: string, key: string): string | undefined {
  const direction = DIRECTIONS[key];
  const start = boxes.get(from);
  if (direction === undefined || start === undefined) return undefined;
  const [dx, dy] = direction;
  const at = center(start);
  let best: { id: string; distance: number } | undefined;
  for (const [id, box] of boxes) {
    if (id === from) continue;
    const to = center(box);
    const ahead = (to.x - at.x) * dx + (to.y - at.y) * dy;
    const aside = Math.abs((to.x - at.x) * dy) + Math.abs((to.y - at.y) * dx);
    if (ahead <= 4) continue;
    const distance = ahead + aside * ASIDE;
    if (best === undefined || distance < best.distance) best = { id, distance };
  }
  return best?.id;
}

function center(box: Box): { x: number; y: number } {
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}
