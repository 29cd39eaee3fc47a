import { addressText } from "../app/address-text.ts";

const PARTS = ["users", "roles", "grants"] as const;
export type UsersPart = (typeof PARTS)[number];

export interface UsersSearch {
  part?: UsersPart;
  /** Which user is edited; an empty text: a new one. */
  edit?: string;
}

export function readUsersSearch({ part, edit }: Record<string, unknown>): UsersSearch {
  const name = addressText(edit);
  return {
    ...(PARTS.includes(part as UsersPart) && part !== "users" ? { part: part as UsersPart } : {}),
    ...(name === undefined ? {} : { edit: name }),
  };
}
