import { clientContext } from "../client/client-context.ts";
import type { TokenResource } from "../client/resources.ts";
import { path } from "../client/rest-client.ts";
import type { Column } from "../output/table.ts";
import type { ServerOptions } from "../program/options.ts";
import type { TokenCreateOptions } from "../program/user-commands.ts";

const COLUMNS: Column<TokenResource>[] = [
  { title: "ID", value: (token) => token.id },
  { title: "NAME", value: (token) => token.name, mayBeCut: true },
  { title: "MADE", value: (token) => token.created_at },
  { title: "EXPIRES", value: (token) => token.expires_at ?? "never" },
  { title: "LAST USED", value: (token) => token.last_used_at ?? "never" },
];

const USUAL_DAYS = 90;

export async function listTokens(options: ServerOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const { tokens } = await client.get<{ tokens: TokenResource[] }>("/auth/tokens");
  output.list(tokens, COLUMNS, { none: "You have no tokens." });
}

/** Prints the token alone, so that it can be piped to where it is kept. */
export async function createToken(name: string, options: TokenCreateOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const days = options.never === true ? null : (options.days ?? USUAL_DAYS);
  const made = await client.send<TokenResource & { token: string }>("POST", "/auth/tokens", { name, expires_in_days: days });
  output.done(made.token, made);
}

export async function revokeToken(id: string, options: ServerOptions): Promise<void> {
  const { client, output } = clientContext(options);
  await client.delete(path`/auth/tokens/${id}`);
  output.done(`Token ${id} is revoked.`, { id });
}
