import { type Command, Option } from "commander";
import { examples, lazily, list, type ServerOptions, withServer } from "./options.ts";

const ROLES = ["Public", "Viewer", "User", "Op", "Admin"];
const ACTIONS = ["read", "edit", "delete"];

export interface UserCreateOptions extends ServerOptions {
  role: string;
  password?: string;
  firstName?: string;
  lastName?: string;
  email?: string;
}

export interface UserSetOptions extends ServerOptions {
  role?: string;
  firstName?: string;
  lastName?: string;
  email?: string;
  enable?: boolean;
  disable?: boolean;
}

export interface PasswordOptions extends ServerOptions {
  password?: string;
}

export interface TokenCreateOptions extends ServerOptions {
  days?: number;
  never?: boolean;
}

export interface GrantOptions extends ServerOptions {
  user?: string;
  role?: string;
  dag?: string;
  tag?: string;
  actions: string[];
}

export function addUserCommands(program: Command): void {
  addUsers(program);
  addTokens(program);
  addGrants(program);
}

function addUsers(program: Command): void {
  const load = () => import("../commands/users.ts");
  const users = program.command("users").description("users: who may log in, and in which role");
  withServer(users.command("list").description("list users")).action(lazily(load, "listUsers"));
  withServer(users.command("roles").description("list roles, and what each may do")).action(lazily(load, "listRoles"));
  const create = withServer(users.command("create <username>").description("make a user; without --password it is read from standard input"))
    .addOption(new Option("--role <role>", "what the user may do").choices(ROLES).default("Viewer"))
    .option("--password <password>", "password; on a shared machine, give it on standard input instead")
    .option("--first-name <name>", "first name")
    .option("--last-name <name>", "last name")
    .option("--email <address>", "address of email")
    .action(lazily(load, "createUser"));
  examples(create, ["users create ann --role User < password.txt"]);
  const set = withServer(users.command("set <username>").description("change a user"))
    .addOption(new Option("--role <role>", "what the user may do").choices(ROLES))
    .option("--first-name <name>", "first name")
    .option("--last-name <name>", "last name")
    .option("--email <address>", "address of email")
    .option("--enable", "the user may log in")
    .addOption(new Option("--disable", "the user may not log in, and is logged out everywhere").conflicts("enable"))
    .action(lazily(load, "setUser"));
  examples(set, ["users set ann --role Op", "users set ann --disable"]);
  withServer(
    users
      .command("reset-password <username>")
      .description("give a user another password, from standard input; ends their sessions and revokes their tokens"),
  )
    .option("--password <password>", "password; on a shared machine, give it on standard input instead")
    .action(lazily(load, "resetPassword"));
  withServer(users.command("log-out <username>").description("log a user out everywhere; tokens for programs stay")).action(
    lazily(load, "logOutUser"),
  );
  withServer(users.command("delete <username>").description("delete a user with their sessions, tokens and grants")).action(
    lazily(load, "deleteUser"),
  );
}

function addTokens(program: Command): void {
  const load = () => import("../commands/tokens.ts");
  const tokens = program.command("tokens").description("tokens: what your programs log in with, in your role");
  withServer(tokens.command("list").description("list your tokens")).action(lazily(load, "listTokens"));
  const create = withServer(tokens.command("create <name>").description("make a token and print it, this once"))
    .option("--days <days>", "good for so many days (default: 90)", Number)
    .addOption(new Option("--never", "it does not expire").conflicts("days"))
    .action(lazily(load, "createToken"));
  examples(create, ["tokens create ci --days 30"]);
  withServer(tokens.command("revoke <id>").description("take a token back")).action(lazily(load, "revokeToken"));
}

function addGrants(program: Command): void {
  const load = () => import("../commands/grants.ts");
  const grants = program.command("grants").description("grants: who may read, edit or delete which DAGs beside what their role allows");
  withServer(grants.command("list").description("list grants")).action(lazily(load, "listGrants"));
  const add = withServer(grants.command("add").description("make or change a grant to a user or a role"))
    .option("--user <username>", "to whom")
    .addOption(new Option("--role <role>", "to everybody of a role").choices(ROLES).conflicts("user"))
    .option("--dag <id>", "for a DAG; * in the id stands for any text")
    .addOption(new Option("--tag <tag>", "for all DAGs with a tag").conflicts("dag"))
    .option("--actions <actions>", `what they may do, with commas between: ${ACTIONS.join(", ")}; reading is always part of it`, list, ["read"])
    .action(lazily(load, "addGrant"));
  examples(add, ["grants add --user ann --dag sales --actions edit", 'grants add --role Viewer --dag "sales_*" --actions edit,delete']);
  withServer(grants.command("delete <id>").description("take a grant back, by its number")).action(lazily(load, "deleteGrant"));
}
