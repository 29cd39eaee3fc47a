import { isSensitiveName, MASK, type SecretMasker } from "./secret-masker.ts";

/** Airflow's max_templated_field_length. */
const MAX_LENGTH = 4096;

/** Rendered options as people may see them: secrets are masked, by what they are and by the name they stand under, and what is long is cut. */
export function shownFields(fields: Record<string, unknown>, masker: SecretMasker): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, cut(masked(name, value, masker))]));
}

function masked(name: string, value: unknown, masker: SecretMasker): unknown {
  if (value !== null && value !== "" && isSensitiveName(name)) return MASK;
  if (typeof value === "string") return masker.maskText(value);
  if (Array.isArray(value)) return value.map((item) => masked("", item, masker));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [masker.maskText(key), masked(key, member, masker)]));
}

function cut(value: unknown): unknown {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (text.length <= MAX_LENGTH) return value;
  return `Truncated: only the first ${MAX_LENGTH} of ${text.length} characters are kept. ${text.slice(0, MAX_LENGTH)}...`;
}
