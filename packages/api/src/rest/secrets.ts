import type { Json } from "@tradewind/core";

/** What stands in an answer where a secret is. */
export const MASK = "***";

/** Airflow's names of what is secret, wherever they are part of a name. */
const SENSITIVE = [
  "access_token",
  "api_key",
  "apikey",
  "authorization",
  "keyfile_dict",
  "passphrase",
  "passwd",
  "password",
  "private_key",
  "secret",
  "service_account",
  "token",
];

export function isSensitiveName(name: string): boolean {
  const lower = name.toLowerCase();
  return SENSITIVE.some((word) => lower.includes(word));
}

/** A JSON value in which every member with the name of a secret is masked, however deep. */
export function maskMembers(value: Json): Json {
  if (Array.isArray(value)) return value.map(maskMembers);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, isSensitiveName(name) && hasValue(member) ? MASK : maskMembers(member)]),
  );
}

function hasValue(member: Json): boolean {
  return member !== null && member !== "";
}

/** Text that may be JSON: masked inside when it is an object or a list, as it is otherwise. */
export function maskText(text: string): string {
  const value = parseJson(text);
  return typeof value === "object" && value !== null ? JSON.stringify(maskMembers(value)) : text;
}

/** What a client read masked and sends back: where it still has the mask, the value from before stays. */
export function unmask(changed: Json, before: Json): Json {
  if (changed === MASK) return before;
  if (typeof changed !== "object" || changed === null || typeof before !== "object" || before === null) return changed;
  if (Array.isArray(changed)) return changed.map((member, index) => unmask(member, Array.isArray(before) ? (before[index] ?? null) : null));
  if (Array.isArray(before)) return changed;
  return Object.fromEntries(
    Object.entries(changed).map(([name, member]) => [name, Object.hasOwn(before, name) ? unmask(member, before[name]!) : member]),
  );
}

export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
