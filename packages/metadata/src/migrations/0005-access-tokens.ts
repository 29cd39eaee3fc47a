import type { Migration } from "../migrations.ts";

/** What people and their programs log in with, so that it can be taken back before it expires. */
export const accessTokens: Migration = {
  id: 5,
  name: "access-tokens",
  sql: `
create table access_token (
  id uuid primary key,
  user_account_id bigint not null references user_account (id) on delete cascade,
  -- 'session': a browser's log-in, carried by its cookie; 'api': made by a user for a program, carried as a bearer token.
  kind text not null constraint access_token_kind check (kind in ('session', 'api')),
  -- What its user calls it.
  name text,
  -- SHA-256: the token itself is stored nowhere.
  token_sha256 text not null unique,
  created_at timestamptz not null default now(),
  -- null: never.
  expires_at timestamptz,
  -- To the minute or so.
  last_used_at timestamptz
);
create index access_token_by_user on access_token (user_account_id, created_at);
create index access_token_by_end on access_token (expires_at) where expires_at is not null;
`,
};
