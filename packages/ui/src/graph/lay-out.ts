import ElkApi, { type ELK } from "elkjs/lib/elk-api.js";
import workerUrl from "elkjs/lib/elk-worker.min.js?url";
import type { GraphElements } from "./graph-elements.ts";
import { type Direction, fromElkGraph, type GraphLayout, toElkGraph } from "./graph-layout.ts";

const MOST_KEPT = 24;

let engine: ELK | undefined;
const kept = new Map<string, Promise<GraphLayout>>();

/** Finds places for everything, in a worker: of a thousand tasks it takes seconds, in which the page goes on. What was laid out is kept by `key`. */
export function layOut(key: string, elements: GraphElements, direction: Direction): Promise<GraphLayout> {
  const known = kept.get(key);
  if (known !== undefined) {
    kept.delete(key);
    kept.set(key, known);
    return known;
  }
  engine ??= new ElkApi({ workerFactory: () => new Worker(workerUrl) });
  const layout = engine.layout(toElkGraph(elements, direction)).then(fromElkGraph);
  kept.set(key, layout);
  layout.catch(() => kept.delete(key));
  for (const oldest of kept.keys()) {
    if (kept.size <= MOST_KEPT) break;
    kept.delete(oldest);
  }
  return layout;
}
