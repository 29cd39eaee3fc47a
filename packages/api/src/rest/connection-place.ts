import { isDeepStrictEqual } from "node:util";
import type { Json } from "@tradewind/core";
import type { ConnectionRow } from "@tradewind/metadata/rest";
import { MASK, parseJson } from "./secrets.ts";

/** What a connection leads to, beside its `extra`: who can change it decides who gets the secrets. */
type ConnectionPlace = Pick<ConnectionRow, "connType" | "host" | "port" | "login" | "schema">;

const FIELDS = ["connType", "host", "port", "login", "schema"] as const satisfies readonly (keyof ConnectionPlace)[];

/**
 * Whether secrets that were stored for one place may be used with another description of it without being given again. All of `extra` counts: any member may name an endpoint, a proxy or a file.
 * @param extras as texts, with their secrets
 */
export function isSamePlace(one: ConnectionPlace, other: ConnectionPlace, extras: readonly [string | null, string | null]): boolean {
  return FIELDS.every((field) => (one[field] || null) === (other[field] || null)) && isDeepStrictEqual(readExtra(extras[0]), readExtra(extras[1]));
}

/** Whether a text from a client stands for a secret that it could not read. */
export function hasHidden(text: string | null): boolean {
  return text !== null && (text === MASK || isMasked(parseJson(text) ?? null));
}

function isMasked(value: Json): boolean {
  if (typeof value !== "object" || value === null) return value === MASK;
  return Object.values(value).some(isMasked);
}

/** Members by name; none where it is no object. */
export function readExtra(text: string | null): Record<string, Json> {
  const value = text === null || text === "" ? {} : parseJson(text);
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}
