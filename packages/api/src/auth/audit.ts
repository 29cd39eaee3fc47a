import type { Database, Transaction } from "@tradewind/metadata";
import { transaction } from "@tradewind/metadata";
import { insertEventLog } from "@tradewind/metadata/rest";

/** What is done with users and log-ins, as the audit log names it. */
export type AuthEvent =
  | "login"
  | "login_failed"
  | "logout"
  | "change_password"
  | "post_access_token"
  | "delete_access_token"
  | "delete_sessions"
  | "post_user"
  | "patch_user"
  | "delete_user"
  | "reset_password"
  | "post_dag_grant"
  | "delete_dag_grant";

/** In the transaction of the change; never with a password or a token. */
export function auditAuth(tx: Transaction, event: AuthEvent, owner: string, extra: Record<string, unknown>): Promise<void> {
  return insertEventLog(tx, { event, owner, extra });
}

/** Of what changes nothing else. */
export function auditLogin(db: Database, event: AuthEvent, owner: string, extra: Record<string, unknown>): Promise<void> {
  return transaction(db, (tx) => auditAuth(tx, event, owner, extra));
}
