import { getTimeZone, TimeZone, type TimeZoneSource } from "../timetable/time-zone.ts";

/**
 * Time zones as Airflow's machine knew them when the answers were recorded (tz database 2025). In 2026 Morocco decided to leave UTC+01 for good on
 * 20 September, which release 2026c of the database took in; the recording has Moroccan schedules after that day, by the plan of before. A question is only
 * the same with the same rules, so the suites ask with these. Everything else of Tradewind uses the rules of the engine it runs on.
 */
export const recordedZones: TimeZoneSource = (name) => (name === "Africa/Casablanca" ? casablancaOf2025 : getTimeZone(name));

const HOUR_MS = 3_600_000;
const CHANGED_AT_MS = Date.parse("2026-09-20T00:00:00Z");

/** UTC+01, but UTC+00 from 02:00 UTC on the first to 02:00 UTC on the second of two days around each Ramadan. */
const casablancaOf2025 = new TimeZone("Africa/Casablanca", (atMs) => {
  if (atMs < CHANGED_AT_MS) return getOffset(atMs);
  return PAUSES.some(([from, to]) => from <= atMs && atMs < to) ? 0 : HOUR_MS;
});

function getOffset(atMs: number): number {
  return getTimeZone("Africa/Casablanca").toWallClock(atMs) - atMs;
}

// oxfmt-ignore
const PAUSE_DAYS: readonly (readonly [string, string])[] = [
  ["2027-02-07", "2027-03-14"], ["2028-01-23", "2028-03-05"], ["2029-01-14", "2029-02-18"],
  ["2029-12-30", "2030-02-10"], ["2030-12-22", "2031-01-26"], ["2031-12-14", "2032-01-18"],
  ["2032-11-28", "2033-01-09"], ["2033-11-20", "2033-12-25"], ["2034-11-05", "2034-12-17"],
  ["2035-10-28", "2035-12-09"], ["2036-10-19", "2036-11-23"], ["2037-10-04", "2037-11-15"],
  ["2038-09-26", "2038-10-31"], ["2039-09-18", "2039-10-23"], ["2040-09-02", "2040-10-14"],
  ["2041-08-25", "2041-09-29"], ["2042-08-10", "2042-09-21"], ["2043-08-02", "2043-09-13"],
  ["2044-07-24", "2044-08-28"], ["2045-07-09", "2045-08-20"], ["2046-07-01", "2046-08-05"],
  ["2047-06-23", "2047-07-28"], ["2048-06-07", "2048-07-19"], ["2049-05-30", "2049-07-04"],
  ["2050-05-15", "2050-06-26"], ["2051-05-07", "2051-06-18"], ["2052-04-28", "2052-06-02"],
  ["2053-04-13", "2053-05-25"], ["2054-04-05", "2054-05-10"], ["2055-03-28", "2055-05-02"],
  ["2056-03-12", "2056-04-23"], ["2057-03-04", "2057-04-08"], ["2058-02-17", "2058-03-31"],
  ["2059-02-09", "2059-03-23"], ["2060-02-01", "2060-03-07"], ["2061-01-16", "2061-02-27"],
  ["2062-01-08", "2062-02-12"], ["2062-12-31", "2063-02-04"], ["2063-12-16", "2064-01-27"],
  ["2064-12-07", "2065-01-11"], ["2065-11-22", "2066-01-03"], ["2066-11-14", "2066-12-26"],
  ["2067-11-06", "2067-12-11"], ["2068-10-21", "2068-12-02"], ["2069-10-13", "2069-11-17"],
  ["2070-10-05", "2070-11-09"], ["2071-09-20", "2071-11-01"], ["2072-09-11", "2072-10-16"],
  ["2073-08-27", "2073-10-08"], ["2074-08-19", "2074-09-30"], ["2075-08-11", "2075-09-15"],
  ["2076-07-26", "2076-09-06"], ["2077-07-18", "2077-08-22"], ["2078-07-10", "2078-08-14"],
  ["2079-06-25", "2079-08-06"], ["2080-06-16", "2080-07-21"], ["2081-06-01", "2081-07-13"],
  ["2082-05-24", "2082-06-28"], ["2083-05-16", "2083-06-20"], ["2084-04-30", "2084-06-11"],
  ["2085-04-22", "2085-05-27"], ["2086-04-14", "2086-05-19"], ["2087-03-30", "2087-05-11"],
];

const PAUSES = PAUSE_DAYS.map(([from, to]) => [Date.parse(`${from}T02:00:00Z`), Date.parse(`${to}T02:00:00Z`)] as const);
