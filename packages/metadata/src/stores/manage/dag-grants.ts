import { sql } from "kysely";
import type { Queryable, Transaction } from "../../database-handle.ts";
import { select, selectOne } from "../read/list-query.ts";

/** What a user, or everybody of a role, may do with DAGs. Reading is part of every grant. */
export interface DagGrantRow {
  id: number;
  username: string | null;
  role: string | null;
  /** An id in which `*` stands for any text. */
  dagIdPattern: string | null;
  dagTag: string | null;
  canEdit: boolean;
  canDelete: boolean;
  createdAt: Date;
}

export type NewDagGrant = Omit<DagGrantRow, "id" | "createdAt">;

const columns = sql`g.id, u.username, g.role, g.dag_id_pattern as "dagIdPattern", g.dag_tag as "dagTag", g.can_edit as "canEdit", g.can_delete as "canDelete",
  g.created_at as "createdAt"`;

export async function listDagGrants(db: Queryable): Promise<DagGrantRow[]> {
  return select(db, sql`select ${columns} from dag_grant g left join user_account u on u.id = g.user_account_id order by g.id`);
}

/** Makes the grant, or gives the one of the same holder and DAGs these rights. `before`: what that one was. undefined: there is no such user. */
export async function putDagGrant(
  tx: Transaction,
  { username, role, dagIdPattern, dagTag, canEdit, canDelete }: NewDagGrant,
): Promise<{ grant: DagGrantRow; before: DagGrantRow | undefined } | undefined> {
  const before = await selectOne<DagGrantRow>(
    tx,
    sql`select ${columns} from dag_grant g left join user_account u on u.id = g.user_account_id
      where u.username is not distinct from ${username} and g.role is not distinct from ${role}
        and g.dag_id_pattern is not distinct from ${dagIdPattern} and g.dag_tag is not distinct from ${dagTag} for update of g`,
  );
  const put = await selectOne<{ id: number }>(
    tx,
    sql`insert into dag_grant (user_account_id, role, dag_id_pattern, dag_tag, can_edit, can_delete)
      select account.id, ${role}, ${dagIdPattern}, ${dagTag}, ${canEdit}, ${canDelete}
      from (select 1) as one left join user_account account on account.username = ${username}
      where ${username}::text is null or account.id is not null
      on conflict (coalesce(user_account_id, 0), coalesce(role, ''), coalesce(dag_id_pattern, ''), coalesce(dag_tag, ''))
      do update set can_edit = excluded.can_edit, can_delete = excluded.can_delete
      returning id`,
  );
  if (put === undefined) return undefined;
  return { grant: (await findDagGrant(tx, { id: put.id }))!, before };
}

async function findDagGrant(db: Queryable, { id }: { id: number }): Promise<DagGrantRow | undefined> {
  return selectOne(db, sql`select ${columns} from dag_grant g left join user_account u on u.id = g.user_account_id where g.id = ${id}`);
}

/** @returns what it was; undefined when there is none. */
export async function deleteDagGrant(tx: Transaction, { id }: { id: number }): Promise<DagGrantRow | undefined> {
  const found = await findDagGrant(tx, { id });
  const deleted = await select(tx, sql`delete from dag_grant where id = ${id} returning id`);
  return deleted.length === 0 ? undefined : found;
}

/** The DAGs that a user has grants on, by name or by role. */
export async function listGrantedDags(
  db: Queryable,
  { username, role }: { username: string; role: string },
): Promise<{ dagId: string; canEdit: boolean; canDelete: boolean }[]> {
  return select(
    db,
    sql`select d.dag_id as "dagId", bool_or(g.can_edit) as "canEdit", bool_or(g.can_delete) as "canDelete"
      from dag_grant g
      join dag d on d.dag_id = g.dag_id_pattern
        or (g.dag_id_pattern like '%*%'
          and d.dag_id like replace(replace(replace(replace(g.dag_id_pattern, '\\', '\\\\'), '%', '\\%'), '_', '\\_'), '*', '%'))
        or (g.dag_tag is not null and exists (select 1 from dag_tag t where t.dag_id = d.dag_id and t.name = g.dag_tag))
      where g.role = ${role} or g.user_account_id = (select id from user_account where username = ${username})
      group by d.dag_id`,
  );
}
