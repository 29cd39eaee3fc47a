import { TradewindError } from "@tradewind/core";
import type { Database } from "@tradewind/metadata";
import { listGrantedDags } from "@tradewind/metadata/rest";
import { grantNeeded, isAllowed, type Permission } from "./permissions.ts";
import type { User } from "./users.ts";

/** The DAGs for which a user has one permission. */
export interface DagAccess {
  /** undefined: all of them. What a list of DAGs, runs or task instances is narrowed to. */
  readonly ids: readonly string[] | undefined;
  has(dagId: string): boolean;
  /** What of a list of DAGs may be seen, for a filter to which an absent or empty list means all. */
  narrow(asked: readonly string[] | null | undefined): readonly string[] | undefined;
  /** @throws TradewindError `forbidden` (403), whether or not there is such a DAG */
  assert(dagId: string): void;
}

/** The DAGs that a user has by grants, beside what the role allows. */
export interface DagGrants {
  find(user: User): Promise<readonly GrantedDag[]>;
  forget(): void;
}

export interface GrantedDag {
  dagId: string;
  canEdit: boolean;
  canDelete: boolean;
}

const CACHE_MS = 5000;
const MOST_CACHED = 10_000;

/** Grants by user, remembered for some seconds: a grant that was made or taken back, or a new DAG that one is for, is noticed elsewhere when that time is over. */
export function createDagGrants(db: Database, now: () => number): DagGrants {
  const known = new Map<string, { until: number; dags: Promise<readonly GrantedDag[]> }>();
  return {
    find({ username, role }) {
      const key = `${role}\n${username}`;
      const cached = known.get(key);
      if (cached !== undefined && cached.until > now()) return cached.dags;
      const dags = listGrantedDags(db, { username, role });
      if (known.size >= MOST_CACHED) known.clear();
      known.set(key, { until: now() + CACHE_MS, dags });
      dags.catch(() => known.delete(key));
      return dags;
    },
    forget: () => known.clear(),
  };
}

const EVERY_DAG: DagAccess = { ids: undefined, has: () => true, narrow: (asked) => asked ?? undefined, assert: () => undefined };

/** No DAG has an empty id: a list of one finds nothing, where an empty list would find everything. */
const NOTHING: readonly string[] = [""];

/** Of requests that take no permission. */
export const NO_DAG: DagAccess = {
  ids: [],
  has: () => false,
  narrow: () => NOTHING,
  assert(dagId) {
    throw new TradewindError("forbidden", `The request takes no permission, and so none for DAG "${dagId}".`);
  },
};

/** By the role for all DAGs, else by grants for some. */
export async function dagAccessOf(user: User, permission: Permission, grants: DagGrants): Promise<DagAccess> {
  if (isAllowed(user.role, permission)) return EVERY_DAG;
  const needed = grantNeeded(permission);
  const granted = needed === undefined ? [] : await grants.find(user);
  const ids = granted.filter((dag) => isEnough(dag, needed)).map(({ dagId }) => dagId);
  const known = new Set(ids);
  return {
    ids,
    has: (dagId) => known.has(dagId),
    narrow(asked) {
      const seen = asked == null || asked.length === 0 ? ids : asked.filter((dagId) => known.has(dagId));
      return seen.length === 0 ? NOTHING : seen;
    },
    assert(dagId) {
      if (known.has(dagId)) return;
      throw new TradewindError(
        "forbidden",
        `User "${user.username}" with the role "${user.role}" lacks the permission "${permission}" for DAG "${dagId}".`,
        {
          details: { permission, dagId },
        },
      );
    },
  };
}

function isEnough({ canEdit, canDelete }: GrantedDag, needed: ReturnType<typeof grantNeeded>): boolean {
  return needed === "read" || (needed === "edit" && canEdit) || (needed === "delete" && canDelete);
}
