import type { Json } from "@tradewind/core";

/** What a list or an object holds, by name; null for what holds nothing because it is neither. */
export function membersOf(value: Json): [name: string, member: Json][] | null {
  if (value === null || typeof value !== "object") return null;
  return Array.isArray(value) ? value.map((member, index) => [String(index), member]) : Object.entries(value);
}

const PREVIEW_LENGTH = 60;

/** `[3 items]`, `{2 members}`; of one that is folded what it begins with. */
export function summaryOf(value: Json, isOpen: boolean): string {
  const count = membersOf(value)?.length ?? 0;
  const [left, right] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  const size = `${count.toLocaleString("en")} ${Array.isArray(value) ? (count === 1 ? "item" : "items") : count === 1 ? "member" : "members"}`;
  if (isOpen) return `${left}${right} ${size}`;
  const preview = previewOf(value);
  return preview.length <= PREVIEW_LENGTH ? `${preview} ${size}` : `${preview.slice(0, PREVIEW_LENGTH - 1)}… ${size}`;
}

/** As JSON, but never more of it than is looked at. */
function previewOf(value: Json): string {
  const members = membersOf(value);
  if (members === null) return JSON.stringify(value).slice(0, PREVIEW_LENGTH);
  let text = "";
  for (const [name, member] of members) {
    if (text.length > PREVIEW_LENGTH) break;
    const inner = membersOf(member) === null ? JSON.stringify(member).slice(0, PREVIEW_LENGTH) : Array.isArray(member) ? "[…]" : "{…}";
    text += `${text === "" ? "" : ", "}${Array.isArray(value) ? "" : `${name}: `}${inner}`;
  }
  return Array.isArray(value) ? `[${text}]` : `{${text}}`;
}

/** What somebody typed as a value. */
export function readJson(text: string): { value: Json } | { problem: string } {
  try {
    return { value: JSON.parse(text) as Json };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}
