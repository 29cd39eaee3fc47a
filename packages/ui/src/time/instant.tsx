import { formatDistance, formatInstant } from "./format.ts";
import { useNow } from "./now.ts";
import { useTimeZone } from "./time-zone.tsx";

/** An instant in the chosen zone; UTC and the distance from now when pointed at. */
export function Instant({ at, seconds = true }: { at: string | null; seconds?: boolean }) {
  const { zone } = useTimeZone();
  if (at === null) return <span>–</span>;
  return (
    <time dateTime={at} title={`${formatInstant(at, "UTC")} UTC`}>
      {formatInstant(at, zone, { seconds })}
    </time>
  );
}

/** How far away an instant is; the instant itself when pointed at. */
export function Distance({ at }: { at: string | null }) {
  const { zone } = useTimeZone();
  const now = useNow();
  if (at === null) return <span>–</span>;
  return (
    <time dateTime={at} title={`${formatInstant(at, zone)} ${zone}`}>
      {formatDistance(at, now)}
    </time>
  );
}
