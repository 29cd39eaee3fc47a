import { TradewindError } from "@tradewind/core";
import { transaction, type Transaction } from "@tradewind/metadata";
import {
  countOtherActiveUsers,
  deleteAccessToken,
  deleteUser,
  findUserProfile,
  insertUser,
  listAccessTokens,
  listUsers,
  revokeLogins,
  updateUser,
  updateUserPassword,
  USER_ORDER_COLUMNS,
  type UserProfile,
} from "@tradewind/metadata/rest";
import { z } from "zod";
import { flag, paging, patterns, readPage } from "../http/query-values.ts";
import type { RestContext, RestRoutes } from "../rest/route.ts";
import { auditAuth } from "./audit.ts";
import type { Authentication } from "./authenticate.ts";
import { hashPassword } from "./passwords.ts";
import { permissionsOf, ROLES } from "./permissions.ts";
import { toTokenResponse } from "./token-response.ts";
import {
  AccessTokenCollectionResponse,
  PasswordResetBody,
  RoleCollectionResponse,
  RoleName,
  toUserResponse,
  UserBody,
  UserCollectionResponse,
  UserPatchBody,
  UserResponse,
} from "./user-schemas.ts";

const UserPath = z.object({ username: z.string() });
const TokenPath = z.object({ username: z.string(), token_id: z.uuid() });

type Logins = Pick<Authentication, "accessTokens" | "users" | "grants">;

/** Users, for administrators. Not in Airflow's API, where they belong to the chosen auth manager. */
export function userRoutes(routes: RestRoutes, context: RestContext, logins: Logins): void {
  readRoutes(routes, context);
  changeRoutes(routes, context, logins);

  routes.add(
    {
      method: "GET",
      path: "/users/{username}/tokens",
      isOurs: true,
      access: "users:read",
      pathSchema: UserPath,
      status: 200,
      answer: AccessTokenCollectionResponse,
    },
    async ({ path: { username } }) => {
      await getUser(context.db, username);
      const tokens = (await listAccessTokens(context.db, { username, kind: "api" })).map(toTokenResponse);
      return { tokens, total_entries: tokens.length };
    },
  );

  routes.add(
    {
      method: "DELETE",
      path: "/users/{username}/tokens/{token_id}",
      isOurs: true,
      access: "users:edit",
      pathSchema: TokenPath,
      status: 204,
      answer: null,
    },
    async ({ path: { username, token_id: id }, actor }) => {
      await transaction(context.db, async (tx) => {
        const deleted = await deleteAccessToken(tx, { id, username });
        if (deleted === undefined) throw new TradewindError("not_found", `The user "${username}" has no token ${id}.`, { details: { id } });
        await auditAuth(tx, "delete_access_token", actor.name, { username, id, name: deleted.name });
      });
      logins.accessTokens.forget(id);
    },
  );
}

function readRoutes(routes: RestRoutes, context: RestContext): void {
  routes.add(
    {
      method: "GET",
      path: "/users",
      isOurs: true,
      access: "users:read",
      query: z.object({ ...paging, ...patterns("username"), role: RoleName.optional(), active: flag }),
      status: 200,
      answer: UserCollectionResponse,
    },
    async ({ query }) => {
      const { items, total } = await listUsers(context.db, {
        filter: { usernamePattern: query.username_pattern, role: query.role, isActive: query.active },
        page: readPage(query, context.pageLimits, { columns: USER_ORDER_COLUMNS, byDefault: ["username"] }),
      });
      return { users: items.map(toUserResponse), total_entries: total };
    },
  );

  routes.add(
    { method: "GET", path: "/users/{username}", isOurs: true, access: "users:read", pathSchema: UserPath, status: 200, answer: UserResponse },
    async ({ path }) => toUserResponse(await getUser(context.db, path.username)),
  );

  routes.add({ method: "GET", path: "/roles", isOurs: true, access: "users:read", status: 200, answer: RoleCollectionResponse }, async () => ({
    roles: ROLES.map((name) => ({ name, permissions: permissionsOf(name) })),
    total_entries: ROLES.length,
  }));
}

function changeRoutes(routes: RestRoutes, context: RestContext, logins: Logins): void {
  const forget = (username: string): void => {
    logins.accessTokens.forgetUser(username);
    logins.users.forget(username);
    logins.grants.forget();
  };

  routes.add(
    { method: "POST", path: "/users", isOurs: true, access: "users:edit", body: UserBody, status: 201, answer: UserResponse },
    async ({ body, actor }) => {
      const { username, role, email, first_name: firstName, last_name: lastName, active: isActive } = body;
      const passwordHash = await hashPassword(body.password);
      return transaction(context.db, async (tx) => {
        if (!(await insertUser(tx, { username, passwordHash, role, email, firstName, lastName, isActive }))) {
          throw new TradewindError("already_exists", `There is a user "${username}" already.`, { details: { username } });
        }
        const user = await getUser(tx, username);
        await auditAuth(tx, "post_user", actor.name, { username, after: toAudit(user) });
        return toUserResponse(user);
      });
    },
  );

  routes.add(
    {
      method: "PATCH",
      path: "/users/{username}",
      isOurs: true,
      access: "users:edit",
      pathSchema: UserPath,
      body: UserPatchBody,
      status: 200,
      answer: UserResponse,
    },
    async ({ path: { username }, body, actor }) => {
      const changed = await transaction(context.db, async (tx) => {
        const before = await getUser(tx, username, true);
        const { role, email, first_name: firstName, last_name: lastName, active: isActive } = body;
        const losesAdmin = before.role === "Admin" && before.isActive && ((role ?? "Admin") !== "Admin" || isActive === false);
        if (losesAdmin) await assertAnotherAdmin(tx, username);
        await updateUser(tx, { username, role, email, firstName, lastName, isActive });
        const after = await getUser(tx, username);
        // Who is switched off and on again logs in anew.
        if (before.isActive && !after.isActive) await revokeLogins(tx, { username, apiTokens: false });
        await auditAuth(tx, "patch_user", actor.name, { username, before: toAudit(before), after: toAudit(after) });
        return after;
      });
      forget(username);
      return toUserResponse(changed);
    },
  );

  routes.add(
    { method: "DELETE", path: "/users/{username}", isOurs: true, access: "users:edit", pathSchema: UserPath, status: 204, answer: null },
    async ({ path: { username }, actor }) => {
      await transaction(context.db, async (tx) => {
        const before = await getUser(tx, username, true);
        if (before.role === "Admin" && before.isActive) await assertAnotherAdmin(tx, username);
        await deleteUser(tx, { username });
        await auditAuth(tx, "delete_user", actor.name, { username, before: toAudit(before) });
      });
      forget(username);
    },
  );

  routes.add(
    {
      method: "POST",
      path: "/users/{username}/password",
      isOurs: true,
      access: "users:edit",
      pathSchema: UserPath,
      body: PasswordResetBody,
      status: 204,
      answer: null,
    },
    async ({ path: { username }, body, actor }) => {
      const passwordHash = await hashPassword(body.password);
      await transaction(context.db, async (tx) => {
        await getUser(tx, username, true);
        await updateUserPassword(tx, { username, passwordHash });
        // A password is reset when somebody else may have it: what was made with it goes too.
        const ended = await revokeLogins(tx, { username, apiTokens: true });
        await auditAuth(tx, "reset_password", actor.name, { username, ended });
      });
      forget(username);
    },
  );

  routes.add(
    { method: "DELETE", path: "/users/{username}/sessions", isOurs: true, access: "users:edit", pathSchema: UserPath, status: 204, answer: null },
    async ({ path: { username }, actor }) => {
      await transaction(context.db, async (tx) => {
        await getUser(tx, username, true);
        const ended = await revokeLogins(tx, { username, apiTokens: false });
        await auditAuth(tx, "delete_sessions", actor.name, { username, ended });
      });
      forget(username);
    },
  );
}

async function getUser(db: RestContext["db"] | Transaction, username: string, lock = false): Promise<UserProfile> {
  const user = await findUserProfile(db, { username, lock });
  if (user === undefined) throw new TradewindError("not_found", `There is no user "${username}".`, { details: { username } });
  return user;
}

async function assertAnotherAdmin(tx: Transaction, username: string): Promise<void> {
  if ((await countOtherActiveUsers(tx, { username, role: "Admin" })) > 0) return;
  throw new TradewindError("conflict", `"${username}" is the only active administrator: make another one first.`, { details: { username } });
}

function toAudit({ firstName, lastName, email, role, isActive }: UserProfile): Record<string, unknown> {
  return { role, active: isActive, email, first_name: firstName, last_name: lastName };
}
