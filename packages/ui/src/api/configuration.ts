import { isRestApiError } from "@tradewind/client";
import { queryOptions } from "@tanstack/react-query";
import { api } from "./client.ts";

export interface ConfigurationSection {
  name: string;
  options: { key: string; value: string }[];
}

/** The configuration in use, or null where the operator does not let it be shown. It changes only when servers are started anew. */
export const configurationQuery = queryOptions({
  queryKey: ["configuration"],
  queryFn: async ({ signal }): Promise<ConfigurationSection[] | null> => {
    try {
      const { data } = await api.GET("/api/v2/config", { signal });
      return data!.sections.map(({ name, options }) => ({
        name,
        options: options.map(({ key, value }) => ({ key, value: typeof value === "string" ? value : (value[0] ?? "") })),
      }));
    } catch (error) {
      if (isRestApiError(error) && error.status === 403) return null;
      throw error;
    }
  },
});
