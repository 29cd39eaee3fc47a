export interface ConfigurationSearch {
  q?: string;
}

export function readConfigurationSearch({ q }: Record<string, unknown>): ConfigurationSearch {
  return typeof q === "string" && q !== "" ? { q } : {};
}
