/**
 * An instant as Python writes an aware UTC datetime: microseconds only when there are any, "+00:00" instead of "Z". Run ids and the jitter of retries
 * contain it, and have to read as Airflow's do.
 * @param separator "T" as `isoformat()`, " " as `str()`.
 */
export function pythonIso(at: Date, separator: "T" | " " = "T"): string {
  const [date, time = ""] = at.toISOString().replace("Z", "").split("T");
  return `${date}${separator}${time.endsWith(".000") ? time.slice(0, -4) : `${time}000`}+00:00`;
}
