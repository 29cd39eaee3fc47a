import { clientContext } from "../client/client-context.ts";
import type { RoleResource, UserResource } from "../client/resources.ts";
import { path } from "../client/rest-client.ts";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { readStandardInput } from "../input/standard-input.ts";
import type { Column } from "../output/table.ts";
import type { ServerOptions } from "../program/options.ts";
import type { PasswordOptions, UserCreateOptions, UserSetOptions } from "../program/user-commands.ts";

const COLUMNS: Column<UserResource>[] = [
  { title: "USER", value: (user) => user.username },
  { title: "ROLE", value: (user) => user.role },
  { title: "ACTIVE", value: (user) => (user.active ? "yes" : "no") },
  { title: "NAME", value: (user) => `${user.first_name} ${user.last_name}`.trim(), mayBeCut: true },
  { title: "EMAIL", value: (user) => user.email, mayBeCut: true },
  { title: "LAST LOG-IN", value: (user) => user.last_login ?? "never" },
];

const ROLE_COLUMNS: Column<RoleResource>[] = [
  { title: "ROLE", value: (role) => role.name },
  { title: "MAY", value: (role) => role.permissions.join(" "), mayBeCut: true },
];

export async function listUsers(options: ServerOptions): Promise<void> {
  const { client, output } = clientContext(options);
  output.list(await client.list<UserResource>("/api/v2/users", "users", { order_by: "username" }), COLUMNS, { none: "There are no users." });
}

export async function listRoles(options: ServerOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const { roles } = await client.get<{ roles: RoleResource[] }>("/api/v2/roles");
  output.list(roles, ROLE_COLUMNS, { none: "There are no roles." });
}

export async function createUser(username: string, options: UserCreateOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const password = options.password ?? (await readStandardInput(`The password of user "${username}"`));
  const user = await client.send<UserResource>("POST", "/api/v2/users", { username, password, role: options.role, ...profileOf(options) });
  output.done(`User "${username}" is made, with the role ${user.role}.`, user);
}

export async function setUser(username: string, options: UserSetOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const isActive = options.enable === true ? true : options.disable === true ? false : undefined;
  const changes = {
    ...profileOf(options),
    ...(options.role === undefined ? {} : { role: options.role }),
    ...(isActive === undefined ? {} : { active: isActive }),
  };
  if (Object.keys(changes).length === 0) {
    throw new CliError("invalid_request", `Nothing to change of user "${username}".`, {
      exitCode: EXIT.usage,
      hint: "Give --role, --enable, --disable, or a part of the name.",
    });
  }
  const user = await client.send<UserResource>("PATCH", path`/api/v2/users/${username}`, changes);
  output.done(`User "${username}" is changed: ${user.role}, ${user.active ? "active" : "switched off"}.`, user);
}

export async function resetPassword(username: string, options: PasswordOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const password = options.password ?? (await readStandardInput(`The new password of user "${username}"`));
  await client.send("POST", path`/api/v2/users/${username}/password`, { password });
  output.done(`User "${username}" has another password, and is logged out everywhere.`, { username });
}

export async function logOutUser(username: string, options: ServerOptions): Promise<void> {
  const { client, output } = clientContext(options);
  await client.delete(path`/api/v2/users/${username}/sessions`);
  output.done(`User "${username}" is logged out everywhere.`, { username });
}

export async function deleteUser(username: string, options: ServerOptions): Promise<void> {
  const { client, output } = clientContext(options);
  await client.delete(path`/api/v2/users/${username}`);
  output.done(`User "${username}" is deleted.`, { username });
}

function profileOf({ firstName, lastName, email }: Pick<UserSetOptions, "firstName" | "lastName" | "email">): Record<string, string> {
  return {
    ...(firstName === undefined ? {} : { first_name: firstName }),
    ...(lastName === undefined ? {} : { last_name: lastName }),
    ...(email === undefined ? {} : { email }),
  };
}
