export { createApiServer } from "./api-server.ts";
export type { ApiApp, ApiServer, ApiServerOptions } from "./api-server.ts";
export { ensureAdmin } from "./auth/users.ts";
export { isAllowed, PERMISSIONS, ROLES } from "./auth/permissions.ts";
export type { Permission, Role } from "./auth/permissions.ts";
export { createSignedTokens } from "./auth/signed-tokens.ts";
export type { SignedTokens, TokenKind } from "./auth/signed-tokens.ts";
export { createFileLogStore } from "./task-logs/file-log-store.ts";
export type { LogPage, TaskLogStore } from "./task-logs/log-store.ts";
