import type { DagGrantRow, UserProfile } from "@tradewind/metadata/rest";
import { z } from "zod";
import { Instant, toIso, toIsoOrNull } from "../http/values.ts";
import { DAG_ACTIONS, type DagAction, PERMISSIONS, ROLES } from "./permissions.ts";

export const RoleName = z.enum(ROLES).meta({ id: "RoleName" });
/** Long enough that guessing at the rate that is allowed leads nowhere; what it is made of is the user's business. */
export const Password = z.string().min(8).max(1024);
const Username = z
  .string()
  .min(1)
  .max(256)
  .refine((name) => name.trim() === name && name !== "anonymous" && !/\p{Cc}/u.test(name), {
    error: "A user name has no blanks around it and no control characters, and is not anonymous.",
  });

const names = { first_name: z.string().max(256), last_name: z.string().max(256), email: z.string().max(320) };

export const UserResponse = z
  .strictObject({
    username: z.string(),
    ...names,
    role: z.string(),
    active: z.boolean(),
    created_at: Instant,
    last_login: Instant.nullable(),
  })
  .meta({ id: "UserResponse" });
export const UserCollectionResponse = z
  .strictObject({ users: z.array(UserResponse), total_entries: z.number() })
  .meta({ id: "UserCollectionResponse" });

export const UserBody = z
  .strictObject({
    username: Username,
    password: Password,
    role: RoleName,
    first_name: names.first_name.default(""),
    last_name: names.last_name.default(""),
    email: names.email.default(""),
    active: z.boolean().default(true),
  })
  .meta({ id: "UserBody" });

export const UserPatchBody = z
  .strictObject({
    role: RoleName.optional(),
    first_name: names.first_name.optional(),
    last_name: names.last_name.optional(),
    email: names.email.optional(),
    active: z.boolean().optional(),
  })
  .meta({ id: "UserPatchBody" });

export const PasswordResetBody = z.strictObject({ password: Password }).meta({ id: "PasswordResetBody" });

export const RoleCollectionResponse = z
  .strictObject({
    roles: z.array(z.strictObject({ name: RoleName, permissions: z.array(z.enum(PERMISSIONS)) }).meta({ id: "RoleResponse" })),
    total_entries: z.number(),
  })
  .meta({ id: "RoleCollectionResponse" });

export const AccessTokenResponse = z
  .strictObject({ id: z.uuid(), name: z.string().nullable(), created_at: Instant, expires_at: Instant.nullable(), last_used_at: Instant.nullable() })
  .meta({ id: "AccessTokenResponse" });
export const AccessTokenCollectionResponse = z
  .strictObject({ tokens: z.array(AccessTokenResponse), total_entries: z.number() })
  .meta({ id: "AccessTokenCollectionResponse" });

const DagActionName = z.enum(DAG_ACTIONS).meta({ id: "DagAction" });

export const DagGrantBody = z
  .strictObject({
    username: z.string().nullable().default(null),
    role: RoleName.nullable().default(null),
    dag_id: z.string().min(1).max(250).nullable().default(null),
    dag_tag: z.string().min(1).max(100).nullable().default(null),
    actions: z.array(DagActionName).min(1),
  })
  .refine(({ username, role }) => (username === null) !== (role === null), { error: "Give either a username or a role." })
  .refine(({ dag_id: dagId, dag_tag: dagTag }) => (dagId === null) !== (dagTag === null), {
    error: "Give either a dag_id, in which * stands for any text, or a dag_tag.",
  })
  .meta({ id: "DagGrantBody" });

export const DagGrantResponse = z
  .strictObject({
    id: z.number(),
    username: z.string().nullable(),
    role: z.string().nullable(),
    dag_id: z.string().nullable(),
    dag_tag: z.string().nullable(),
    actions: z.array(DagActionName),
    created_at: Instant,
  })
  .meta({ id: "DagGrantResponse" });
export const DagGrantCollectionResponse = z
  .strictObject({ dag_grants: z.array(DagGrantResponse), total_entries: z.number() })
  .meta({ id: "DagGrantCollectionResponse" });

export function toUserResponse(user: UserProfile): z.infer<typeof UserResponse> {
  return {
    username: user.username,
    first_name: user.firstName,
    last_name: user.lastName,
    email: user.email,
    role: user.role,
    active: user.isActive,
    created_at: toIso(user.createdAt),
    last_login: toIsoOrNull(user.lastLoginAt),
  };
}

export function toGrantResponse(grant: DagGrantRow): z.infer<typeof DagGrantResponse> {
  return {
    id: grant.id,
    username: grant.username,
    role: grant.role,
    dag_id: grant.dagIdPattern,
    dag_tag: grant.dagTag,
    actions: actionsOf(grant),
    created_at: toIso(grant.createdAt),
  };
}

export function actionsOf({ canEdit, canDelete }: { canEdit: boolean; canDelete: boolean }): DagAction[] {
  return ["read", ...(canEdit ? (["edit"] as const) : []), ...(canDelete ? (["delete"] as const) : [])];
}
