/** What the calendar shows: a year of days, or a month of hours. */
export interface CalendarSearch {
  /** Absent: days. */
  unit?: "hour";
  /** `2026`, or `2026-11`; absent: the present one. */
  at?: string;
}

export function readCalendarSearch({ unit, at }: Record<string, unknown>): CalendarSearch {
  const isHour = unit === "hour";
  const text = String(at);
  const isThere = (isHour ? /^\d{4}-(?:0[1-9]|1[0-2])$/u : /^\d{4}$/u).test(text);
  return { ...(isHour ? { unit: "hour" as const } : {}), ...(isThere ? { at: text } : {}) };
}
