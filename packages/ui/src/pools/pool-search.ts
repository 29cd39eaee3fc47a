import { addressText } from "../app/address-text.ts";

/** Which pool is edited; an empty text: a new one. */
export interface PoolSearch {
  edit?: string | undefined;
}

export function readPoolSearch({ edit }: Record<string, unknown>): PoolSearch {
  const name = addressText(edit);
  return name === undefined ? {} : { edit: name };
}
