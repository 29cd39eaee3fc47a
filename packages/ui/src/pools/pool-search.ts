/** Which pool is edited; an empty text: a new one. */
export interface PoolSearch {
  edit?: string | undefined;
}

export function readPoolSearch({ edit }: Record<string, unknown>): PoolSearch {
  return edit === undefined ? {} : { edit: String(edit) };
}
