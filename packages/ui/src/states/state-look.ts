import type { DagRunState, TaskInstanceState } from "@tradewind/core";
import {
  IconAlertTriangleFilled,
  IconArrowBackUp,
  IconCheck,
  IconCircleDashed,
  IconClock,
  IconClockPause,
  IconHourglassEmpty,
  IconMinus,
  IconPlayerPlayFilled,
  IconPlayerSkipForward,
  IconPlaystationCircle,
  IconRefresh,
  IconUserQuestion,
  IconX,
} from "@tabler/icons-react";

type ShownState = TaskInstanceState | DagRunState | "none";
type Icon = typeof IconCheck;

interface StateLook {
  label: string;
  /** Told by shape too, so that nobody needs the colour. */
  Icon: Icon;
  /** Fill of a cell with a white sign in it; the same in light and dark, and 4.5:1 against white. */
  fill: string;
  /** The higher, the more it asks for attention: what a summary of several shows. */
  weight: number;
}

/** How each state looks everywhere: in grids, badges, charts and logs. */
const LOOKS: Readonly<Record<ShownState, StateLook>> = {
  failed: { label: "Failed", Icon: IconX, fill: "#c92a2a", weight: 100 },
  upstream_failed: { label: "Upstream failed", Icon: IconAlertTriangleFilled, fill: "#b35309", weight: 95 },
  running: { label: "Running", Icon: IconPlayerPlayFilled, fill: "#1971c2", weight: 90 },
  restarting: { label: "Restarting", Icon: IconRefresh, fill: "#6741d9", weight: 85 },
  up_for_retry: { label: "Up for retry", Icon: IconArrowBackUp, fill: "#946200", weight: 80 },
  up_for_reschedule: { label: "Up for reschedule", Icon: IconClockPause, fill: "#0b7285", weight: 75 },
  awaiting_input: { label: "Awaiting input", Icon: IconUserQuestion, fill: "#a61e8c", weight: 74 },
  deferred: { label: "Deferred", Icon: IconHourglassEmpty, fill: "#7048b6", weight: 70 },
  queued: { label: "Queued", Icon: IconPlaystationCircle, fill: "#5c6773", weight: 60 },
  scheduled: { label: "Scheduled", Icon: IconClock, fill: "#6b6256", weight: 50 },
  none: { label: "No status", Icon: IconCircleDashed, fill: "#707781", weight: 40 },
  success: { label: "Success", Icon: IconCheck, fill: "#2b7a3d", weight: 30 },
  skipped: { label: "Skipped", Icon: IconPlayerSkipForward, fill: "#a0327a", weight: 20 },
  removed: { label: "Removed", Icon: IconMinus, fill: "#6f747a", weight: 10 },
};

export function lookOf(state: string | null | undefined): StateLook {
  return LOOKS[(state ?? "none") as ShownState] ?? { ...LOOKS.none, label: String(state) };
}

/** The state that a group of several shows: what most asks for attention. */
export function worstState<S extends string | null>(states: readonly S[]): S | undefined {
  return states.toSorted((a, b) => lookOf(b).weight - lookOf(a).weight)[0];
}
