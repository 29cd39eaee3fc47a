import { type Queryable, runCount } from "../../database-handle.ts";

interface Favorite {
  username: string;
  dagId: string;
}

/** Marks a DAG for a user; once is enough. */
export async function insertFavorite(db: Queryable, { username, dagId }: Favorite): Promise<void> {
  await runCount(db, {
    text: "insert into dag_favorite (user_account_id, dag_id) select u.id, $2 from user_account u where u.username = $1 on conflict do nothing",
    values: [username, dagId],
  });
}

/** @returns false: it was not marked */
export async function deleteFavorite(db: Queryable, { username, dagId }: Favorite): Promise<boolean> {
  const deleted = await runCount(db, {
    text: "delete from dag_favorite f using user_account u where u.id = f.user_account_id and u.username = $1 and f.dag_id = $2",
    values: [username, dagId],
  });
  return deleted > 0;
}
