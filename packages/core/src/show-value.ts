/** A value from outside for an error message: as JSON where it is JSON, shortened, and never throwing whatever it is. */
export function showValue(value: unknown, maxLength = 60): string {
  const text = read(value);
  return text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text;
}

function read(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  try {
    return JSON.stringify(value) ?? `a ${typeof value}`;
  } catch {
    return "something that is not JSON";
  }
}
