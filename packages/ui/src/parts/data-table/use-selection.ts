import type { Picked } from "./columns.ts";
import { MOST_PICKED, type TableSearch } from "./table-search.ts";

export interface Selection {
  picked: Picked | undefined;
  has: (key: string) => boolean;
  isAll: boolean;
  /** Rows become chosen or not. More than the address can hold are left out. */
  set: (keys: readonly string[], isPicked: boolean) => void;
  pickAll: () => void;
  clear: () => void;
}

/** Chosen rows stand in the address by their keys, so that they stay chosen when the page is loaded again, and can be handed to somebody else. */
export function useSelection(search: TableSearch, onSearch: (search: TableSearch) => void, total: number | undefined): Selection {
  const { picked } = search;
  const keys = new Set(Array.isArray(picked) ? (picked as readonly string[]) : []);
  const isAll = picked === "all";
  return {
    picked: isAll ? { kind: "all", total: total ?? 0 } : keys.size > 0 ? { kind: "rows", keys: [...keys] } : undefined,
    has: (key) => isAll || keys.has(key),
    isAll,
    set: (changed, isPicked) => {
      const next = new Set(keys);
      for (const key of changed) {
        if (isPicked) next.add(key);
        else next.delete(key);
      }
      onSearch({ ...search, picked: next.size === 0 ? undefined : [...next].slice(0, MOST_PICKED) });
    },
    pickAll: () => onSearch({ ...search, picked: "all" }),
    clear: () => onSearch({ ...search, picked: undefined }),
  };
}
