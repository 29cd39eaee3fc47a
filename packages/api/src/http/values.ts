import { z } from "zod";

/** An instant in an answer: ISO 8601 in UTC. */
export const Instant = z.iso.datetime();

export function toIso(date: Date): string {
  return date.toISOString();
}

export function toIsoOrNull(date: Date | null): string | null {
  return date === null ? null : date.toISOString();
}

const WITH_OFFSET = /(?:Z|[+-]\d\d:?\d\d)$/i;

/** Reads what Python clients send: any ISO 8601 date or instant; without a zone it is UTC; a `+` that a query turned into a space is put back. */
export function parseInstant(text: string): Date | undefined {
  const repaired = text.trim().replace(/ (\d\d:\d\d)$/, (match, offset: string) => (/\d\d:\d\d.* \d\d:\d\d$/.test(text) ? `+${offset}` : match));
  const [day] = /^\d{4}-\d\d-\d\d/.exec(repaired) ?? [];
  if (day === undefined || !isDay(day)) return undefined;
  const hasTime = /^\d{4}-\d\d-\d\d[T ]/.test(repaired);
  const date = new Date(hasTime && !WITH_OFFSET.test(repaired) ? `${repaired}Z` : repaired);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** `Date` takes the 30th of February for the 2nd of March, and knows a year 0, which neither ISO clients nor PostgreSQL do. */
function isDay(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text) && !text.startsWith("0000");
}

/** An instant in a request, as a `Date`. */
export const InstantInput = z
  .string()
  .transform((text, context) => {
    const date = parseInstant(text);
    if (date !== undefined) return date;
    context.addIssue({
      code: "custom",
      message: `Input should be a valid datetime in ISO 8601, as 2026-01-31T06:00:00Z; found ${JSON.stringify(text)}`,
    });
    return z.NEVER;
  })
  .meta({ type: "string", format: "date-time" });

/** Any JSON value; in the API's description it is just that. */
export const JsonValue = z.json().meta({ id: "JsonValue" });

/** Any JSON object. */
export const JsonObject = z.record(z.string(), JsonValue);

/**
 * Ids of rows as UUIDs, which is what Airflow's clients expect: version 8 (made by own rules), the kind in the fourth group and the number in the last. The same row always has the
 * same UUID.
 */
const UUID_KINDS = { taskInstance: "8000", dagVersion: "8001" } as const;

export function toUuid(kind: keyof typeof UUID_KINDS, id: number): string {
  return `00000000-0000-8000-${UUID_KINDS[kind]}-${id.toString(16).padStart(12, "0")}`;
}

/** A number for an id that is a UUID: its first 52 bits, which in version 7 are the time it was made, so that the order stays. */
export function toNumber(uuid: string): number {
  return Number.parseInt(uuid.replaceAll("-", "").slice(0, 13), 16);
}
