import type { TaskInstanceState } from "@tradewind/core";
import { lookOf } from "./state-look.ts";

interface Sign {
  path: string;
  isFilled?: true;
}

/** The signs of `state-look.ts` as paths (Tabler's, MIT), for cells that are one element each: a thousand icons as components would be five thousand. */
const SIGNS: Readonly<Record<TaskInstanceState | "none", Sign>> = {
  failed: { path: "M18 6l-12 12M6 6l12 12" },
  upstream_failed: { path: "M12 3l10 18h-20zM12 10v5M12 18v.01" },
  running: { path: "M6 4v16a1 1 0 0 0 1.524 .852l13 -8a1 1 0 0 0 0 -1.704l-13 -8a1 1 0 0 0 -1.524 .852z", isFilled: true },
  restarting: { path: "M20 11a8.1 8.1 0 0 0 -15.5 -2m-.5 -4v4h4M4 13a8.1 8.1 0 0 0 15.5 2m.5 4v-4h-4" },
  up_for_retry: { path: "M9 14l-4 -4l4 -4M5 10h11a4 4 0 1 1 0 8h-1" },
  up_for_reschedule: { path: "M20.942 13.018a9 9 0 1 0 -7.909 7.922M12 7v5l2 2M17 17v5M21 17v5" },
  deferred: {
    path: "M6 20v-2a6 6 0 1 1 12 0v2a1 1 0 0 1 -1 1h-10a1 1 0 0 1 -1 -1M6 4v2a6 6 0 1 0 12 0v-2a1 1 0 0 0 -1 -1h-10a1 1 0 0 0 -1 1",
  },
  awaiting_input: {
    path: "M8 7a4 4 0 1 0 8 0a4 4 0 0 0 -8 0M6 21v-2a4 4 0 0 1 4 -4h3.5M19 22v.01M19 19a2.003 2.003 0 0 0 .914 -3.782a1.98 1.98 0 0 0 -2.414 .483",
  },
  queued: { path: "M12 21a9 9 0 0 0 9 -9a9 9 0 0 0 -9 -9a9 9 0 0 0 -9 9a9 9 0 0 0 9 9M7.5 12a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0" },
  scheduled: { path: "M3 12a9 9 0 1 0 18 0a9 9 0 0 0 -18 0M12 7v5l3 3" },
  none: {
    path: "M8.56 3.69a9 9 0 0 0 -2.92 1.95M3.69 8.56a9 9 0 0 0 -.69 3.44M3.69 15.44a9 9 0 0 0 1.95 2.92M8.56 20.31a9 9 0 0 0 3.44 .69M15.44 20.31a9 9 0 0 0 2.92 -1.95M20.31 15.44a9 9 0 0 0 .69 -3.44M20.31 8.56a9 9 0 0 0 -1.95 -2.92M15.44 3.69a9 9 0 0 0 -3.44 -.69",
  },
  success: { path: "M5 12l5 5l10 -10" },
  skipped: { path: "M4 5v14l12 -7l-12 -7M20 5l0 14" },
  removed: { path: "M5 12l14 0" },
};

/**
 * One rule for each state: its colour as `--state`, and its sign, white, as `--sign`. Whatever has `data-state` inside an element with `data-states` takes them as background; so hovering,
 * scrolling and a change of state touch one element and no component.
 */
export function stateSheet(): string {
  return Object.entries(SIGNS)
    .map(([state, { path, isFilled }]) => {
      const paint =
        isFilled === true ? "fill='%23fff'" : "fill='none' stroke='%23fff' stroke-width='3' stroke-linecap='round' stroke-linejoin='round'";
      const svg = `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' ${paint}><path d='${path}'/></svg>`;
      const url = svg.replaceAll("<", "%3C").replaceAll(">", "%3E");
      return `[data-states] [data-state="${state}"]{--state:${lookOf(state === "none" ? null : state).fill};--sign:url("data:image/svg+xml,${url}")}`;
    })
    .join("\n");
}
