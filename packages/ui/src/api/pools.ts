import type { components } from "@tradewind/client";
import { queryOptions } from "@tanstack/react-query";
import { api } from "./client.ts";
import { whenNotLive } from "./live.ts";

export type Pool = components["schemas"]["PoolResponse"];

export interface PoolSettings {
  name: string;
  slots: number;
  description: string | null;
  include_deferred: boolean;
}

const MOST_POOLS = 100;

/** All pools: there are few, and each is looked at beside the others. */
export const poolsQuery = queryOptions({
  queryKey: ["pools"],
  queryFn: async ({ signal }) => {
    const pools: Pool[] = [];
    for (let total = 1; pools.length < total;) {
      const { data } = await api.GET("/api/v2/pools", { params: { query: { limit: MOST_POOLS, offset: pools.length, order_by: ["name"] } }, signal });
      if (data!.pools.length === 0) break;
      pools.push(...data!.pools);
      total = data!.total_entries;
    }
    return pools;
  },
  refetchInterval: whenNotLive(2000),
});

export async function savePool({ isNew, ...pool }: PoolSettings & { isNew: boolean }): Promise<void> {
  if (isNew) await api.POST("/api/v2/pools", { body: pool });
  else {
    const { name, slots, description, include_deferred } = pool;
    await api.PATCH("/api/v2/pools/{pool_name}", {
      params: { path: { pool_name: name } },
      body: { pool: name, slots, description, include_deferred },
    });
  }
}

export async function deletePool(name: string): Promise<void> {
  await api.DELETE("/api/v2/pools/{pool_name}", { params: { path: { pool_name: name } } });
}
