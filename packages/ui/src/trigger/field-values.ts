import { fromWallClock, toWallClock } from "../time/wall-clock.ts";
import { type Json, labelOf, type ParamField } from "./param-fields.ts";

/** What a field holds while it is edited: its text, a tick, or the texts of a list. Empty text: null. */
export type Draft = string | boolean | readonly string[];

/** A value as its field shows it. Instants are on the wall clock of the zone that times are shown in. */
export function toDraft(field: ParamField, value: Json, zone: string): Draft {
  switch (field.kind) {
    case "boolean":
      return value === true;
    case "choices":
    case "list":
      return Array.isArray(value) ? value.map((item) => (typeof item === "string" ? item : JSON.stringify(item))) : [];
    case "choice":
    case "const":
      return value === null ? "" : JSON.stringify(value);
    case "json":
      return value === null ? "" : JSON.stringify(value, null, 2);
    case "date-time":
      return typeof value === "string" && !Number.isNaN(Date.parse(value)) ? toWallClock(value, zone) : value === null ? "" : labelOf(value);
    default:
      return typeof value === "string" ? value : value === null ? "" : JSON.stringify(value);
  }
}

export type Read = { value: Json } | { problem: string };

/** The value of a field as it stands in conf, or why there is none. */
export function readDraft(field: ParamField, draft: Draft, zone: string): Read {
  if (field.kind === "boolean") return { value: draft === true };
  if (field.kind === "choices" || field.kind === "list") return readList(field, Array.isArray(draft) ? draft : []);
  const text = typeof draft === "string" ? draft : "";
  if (text.trim() === "" && field.kind !== "text" && field.kind !== "lines") return { value: null };
  switch (field.kind) {
    case "number":
    case "integer":
      return Number.isFinite(Number(text)) ? { value: Number(text) } : { problem: "This is no number." };
    case "date-time": {
      const at = fromWallClock(text, zone);
      return at === undefined ? { problem: "This is no date and time." } : { value: at.replace(".000Z", "Z") };
    }
    case "choice":
    case "const":
    case "json":
      return readJson(text);
    default:
      return { value: text === "" && (field.isNullable || field.isRequired) ? null : text };
  }
}

export function readJson(text: string): Read {
  try {
    return { value: JSON.parse(text) as Json };
  } catch (error) {
    return { problem: `This is no JSON: ${(error as Error).message}` };
  }
}

function readList({ kind, schema, options, isNullable }: ParamField, texts: readonly string[]): Read {
  if (texts.length === 0 && isNullable) return { value: null };
  const itemType = ((schema["items"] ?? {}) as Record<string, Json>)["type"];
  const values: Json[] = [];
  for (const text of texts) {
    const option = kind === "choices" ? options.find(({ value }) => (typeof value === "string" ? value : JSON.stringify(value)) === text) : undefined;
    if (option !== undefined) values.push(option.value);
    else if (itemType === "integer" || itemType === "number") {
      if (!Number.isFinite(Number(text))) return { problem: `“${text}” is no number.` };
      values.push(Number(text));
    } else values.push(text);
  }
  return { value: values };
}
