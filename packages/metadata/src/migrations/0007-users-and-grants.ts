import type { Migration } from "../migrations.ts";

/** Who may see and change which DAG beside what their role allows, and what users are taken their log-ins back by. */
export const usersAndGrants: Migration = {
  id: 7,
  name: "users-and-grants",
  sql: `
alter table user_account add column last_login_at timestamptz;
-- Signed tokens that were issued before are refused: they are in no table that they could be deleted from.
alter table user_account add column tokens_valid_from timestamptz not null default 'epoch';
create table dag_grant (
  id bigint generated always as identity primary key,
  -- One of the two: a user, or everybody of a role.
  user_account_id bigint references user_account (id) on delete cascade,
  role text,
  -- One of the two: an id of a DAG in which * stands for any text, or a tag.
  dag_id_pattern text,
  dag_tag text,
  -- Reading is part of every grant.
  can_edit boolean not null,
  can_delete boolean not null,
  created_at timestamptz not null default now(),
  constraint dag_grant_holder check (num_nonnulls(user_account_id, role) = 1),
  constraint dag_grant_dags check (num_nonnulls(dag_id_pattern, dag_tag) = 1)
);
create unique index dag_grant_once on dag_grant (coalesce(user_account_id, 0), coalesce(role, ''), coalesce(dag_id_pattern, ''), coalesce(dag_tag, ''));
create index dag_grant_by_role on dag_grant (role) where role is not null;
`,
};
