import { canonicalJson, type ConnectionField, type ConnectionForm, connectionFormOf, type ConnectionPlace, type Json } from "@tradewind/core";
import type { Connection, ConnectionBody } from "../api/connections.ts";

/** What is in the form. Values of places are texts, as they are typed; a switch is `"true"` or empty. */
export interface ConnectionDraft {
  connectionId: string;
  connType: string;
  description: string;
  values: Partial<Record<ConnectionPlace, string>>;
  /** Members of `extra` that no field is for, as JSON. */
  extra: string;
}

const COLUMNS = ["host", "port", "login", "password", "schema"] as const;

/** For types that nothing is known about: all columns. */
const ANY_FIELDS: readonly ConnectionField[] = [
  { place: "host", label: "Host", type: "text", isRequired: false, example: "", choices: [] },
  { place: "port", label: "Port", type: "number", isRequired: false, example: "", choices: [] },
  { place: "login", label: "Login", type: "text", isRequired: false, example: "", choices: [] },
  { place: "password", label: "Password", type: "secret", isRequired: false, example: "", choices: [] },
  { place: "schema", label: "Schema", type: "text", isRequired: false, example: "", choices: [] },
];

/** The fields of a type, and after them columns that hold something though the type has no field for them. */
export function fieldsOf({ connType, values }: ConnectionDraft): readonly ConnectionField[] {
  const form: ConnectionForm | undefined = connectionFormOf(connType);
  if (form === undefined) return ANY_FIELDS;
  const places = new Set<string>(form.fields.map(({ place }) => place));
  return [...form.fields, ...ANY_FIELDS.filter(({ place }) => !places.has(place) && (values[place] ?? "") !== "")];
}

/** Members of `extra` that the type has fields for go into those; the rest stays JSON. Secrets are `***` here, and stay as they are when sent back so. */
export function draftOf(connection: Connection | null): ConnectionDraft {
  if (connection === null) return { connectionId: "", connType: "", description: "", values: {}, extra: "" };
  const { connection_id: connectionId, conn_type: connType, description } = connection;
  const values: Partial<Record<ConnectionPlace, string>> = {};
  for (const column of COLUMNS) if (connection[column] !== null) values[column] = String(connection[column]);
  const extra = readObject(connection.extra ?? "");
  if (extra === undefined) return { connectionId, connType, description: description ?? "", values, extra: connection.extra ?? "" };
  for (const { place } of connectionFormOf(connType)?.fields ?? []) {
    const member = extraMember(place);
    const value = member === undefined ? undefined : extra[member];
    if (member === undefined || value === undefined || value === null) continue;
    values[place] = typeof value === "string" ? value : JSON.stringify(value);
    delete extra[member];
  }
  const isEmpty = Object.keys(extra).length === 0;
  return { connectionId, connType, description: description ?? "", values, extra: isEmpty ? "" : JSON.stringify(extra, null, 2) };
}

/** What is still wrong with it, by place; `extra` and `connection_id` and `conn_type` are places too. */
export function problemsOf(draft: ConnectionDraft): Record<string, string> {
  const problems: Record<string, string> = {};
  if (draft.connectionId.trim() === "") problems["connection_id"] = "A connection needs an id.";
  else if (!/^[\w.-]+$/.test(draft.connectionId)) problems["connection_id"] = "Letters, digits, _ . and - only.";
  if (draft.connType.trim() === "") problems["conn_type"] = "What is at the other end?";
  for (const { place, label, type, isRequired } of fieldsOf(draft)) {
    const value = draft.values[place] ?? "";
    if (value === "" && isRequired) problems[place] = `${label} is needed.`;
    if (value !== "" && type === "number" && !/^\d+$/.test(value)) problems[place] = `${label} is a whole number.`;
  }
  if (draft.extra.trim() !== "" && readObject(draft.extra) === undefined) problems["extra"] = 'This is not a JSON object yet: {"name": "value"}.';
  return problems;
}

/** How the server shows a secret that is there. */
const HIDDEN = "***";

/**
 * Hidden secrets that have to be given again, by place: the server keeps a secret only for what it was given for, since who may change a connection could have it sent elsewhere. They may also be
 * emptied. Type, host, port, login, schema and all of extra count, as there.
 */
export function secretsToGive(draft: ConnectionDraft, stored: Connection | null): Record<string, string> {
  if (stored === null) return {};
  const hidden = fieldsOf(draft).flatMap(({ place }) => (draft.values[place] === HIDDEN ? [place as string] : []));
  if (isMasked(readObject(draft.extra) ?? {})) hidden.push("extra");
  if (hidden.length === 0 || settingsOf(bodyOf(draft)) === settingsOf(bodyOf(draftOf(stored)))) return {};
  return Object.fromEntries(hidden.map((place) => [place, "Give it again, or empty it: it is kept only for the settings that it was given for."]));
}

function isMasked(value: Json): boolean {
  return typeof value === "object" && value !== null ? Object.values(value).some(isMasked) : value === HIDDEN;
}

/** All that says where a connection leads, as a text that can be compared. */
function settingsOf({ conn_type, host, port, login, schema, extra }: ConnectionBody): string {
  return canonicalJson([conn_type, host || null, port ?? null, login || null, schema || null, readObject(extra ?? "") ?? {}]);
}

/** As the REST API takes it. Only of a draft without problems. */
export function bodyOf(draft: ConnectionDraft): ConnectionBody {
  const extra: Record<string, Json> = readObject(draft.extra) ?? {};
  const columns: Record<string, string | number | null> = {};
  for (const column of COLUMNS) {
    const value = draft.values[column] ?? "";
    columns[column] = value === "" ? null : column === "port" ? Number(value) : value;
  }
  for (const { place, type } of connectionFormOf(draft.connType)?.fields ?? []) {
    const member = extraMember(place);
    const value = draft.values[place] ?? "";
    if (member !== undefined && value !== "") extra[member] = type === "boolean" ? value === "true" : type === "number" ? Number(value) : value;
  }
  return {
    connection_id: draft.connectionId.trim(),
    conn_type: draft.connType.trim(),
    description: draft.description === "" ? null : draft.description,
    ...columns,
    extra: Object.keys(extra).length === 0 ? null : JSON.stringify(extra),
  };
}

function extraMember(place: ConnectionPlace): string | undefined {
  return place.startsWith("extra.") ? place.slice("extra.".length) : undefined;
}

/** undefined: it is no JSON object. */
function readObject(text: string): Record<string, Json> | undefined {
  if (text.trim() === "") return {};
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, Json>) : undefined;
  } catch {
    return undefined;
  }
}
