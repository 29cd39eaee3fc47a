import type { Generated, GeneratedAlways } from "kysely";
import type { Timestamp } from "./schema-types.ts";

// Tables of users, and of what belongs to them; a part of `schema-types.ts`.

export interface UserAccountTable {
  id: GeneratedAlways<number>;
  username: string;
  password_hash: string;
  first_name: Generated<string>;
  last_name: Generated<string>;
  email: Generated<string>;
  role: string;
  is_active: Generated<boolean>;
  created_at: Generated<Timestamp>;
  last_login_at: Timestamp | null;
  tokens_valid_from: Generated<Timestamp>;
}

export interface DagGrantTable {
  id: GeneratedAlways<number>;
  user_account_id: number | null;
  role: string | null;
  dag_id_pattern: string | null;
  dag_tag: string | null;
  can_edit: boolean;
  can_delete: boolean;
  created_at: Generated<Timestamp>;
}

export interface AccessTokenTable {
  id: string;
  user_account_id: number;
  kind: "session" | "api";
  name: string | null;
  token_sha256: string;
  created_at: Generated<Timestamp>;
  expires_at: Timestamp | null;
  last_used_at: Timestamp | null;
}

export interface DagFavoriteTable {
  user_account_id: number;
  dag_id: string;
}
