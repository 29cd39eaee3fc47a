import { clientContext } from "../client/client-context.ts";
import type { GrantResource } from "../client/resources.ts";
import { path } from "../client/rest-client.ts";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import type { Column } from "../output/table.ts";
import type { ServerOptions } from "../program/options.ts";
import type { GrantOptions } from "../program/user-commands.ts";

const holderOf = ({ username, role }: GrantResource): string => (username === null ? `everybody with the role ${role}` : `user ${username}`);
const dagsOf = ({ dag_id: dagId, dag_tag: tag }: GrantResource): string => (dagId === null ? `DAGs with the tag ${tag}` : dagId);

const COLUMNS: Column<GrantResource>[] = [
  { title: "ID", value: (grant) => grant.id, align: "right" },
  { title: "WHO", value: holderOf },
  { title: "DAGS", value: dagsOf },
  { title: "MAY", value: (grant) => grant.actions.join(", ") },
];

export async function listGrants(options: ServerOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const { dag_grants: grants } = await client.get<{ dag_grants: GrantResource[] }>("/api/v2/dagGrants");
  output.list(grants, COLUMNS, { none: "There are no grants: everybody may do what their role allows, with every DAG." });
}

export async function addGrant(options: GrantOptions): Promise<void> {
  const { client, output } = clientContext(options);
  if ((options.user ?? options.role) === undefined || (options.dag ?? options.tag) === undefined) {
    throw new CliError("invalid_request", "A grant is to somebody and for some DAGs.", {
      exitCode: EXIT.usage,
      hint: "Give --user or --role, and --dag or --tag.",
    });
  }
  const grant = await client.send<GrantResource>("POST", "/api/v2/dagGrants", {
    username: options.user ?? null,
    role: options.role ?? null,
    dag_id: options.dag ?? null,
    dag_tag: options.tag ?? null,
    actions: options.actions,
  });
  output.done(`Grant ${grant.id}: ${holderOf(grant)} may ${grant.actions.join(", ")} ${dagsOf(grant)}.`, grant);
}

export async function deleteGrant(id: string, options: ServerOptions): Promise<void> {
  const { client, output } = clientContext(options);
  await client.delete(path`/api/v2/dagGrants/${id}`);
  output.done(`Grant ${id} is taken back.`, { id });
}
