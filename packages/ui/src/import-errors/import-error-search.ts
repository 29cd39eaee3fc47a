export interface ImportErrorSearch {
  q?: string;
}

export function readImportErrorSearch({ q }: Record<string, unknown>): ImportErrorSearch {
  return typeof q === "string" && q !== "" ? { q } : {};
}
