import { clientContext } from "../client/client-context.ts";
import type { VariableResource } from "../client/resources.ts";
import { path } from "../client/rest-client.ts";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { readStandardInput } from "../input/standard-input.ts";
import type { Column } from "../output/table.ts";
import type { ServerOptions } from "../program/options.ts";
import type { VariableSetOptions } from "../program/setting-commands.ts";

const COLUMNS: Column<VariableResource>[] = [
  { title: "KEY", value: (variable) => variable.key },
  { title: "VALUE", value: (variable) => variable.value, mayBeCut: true },
  { title: "DESCRIPTION", value: (variable) => variable.description, mayBeCut: true },
];

export async function listVariables(options: ServerOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const variables = await client.list<VariableResource>("/api/v2/variables", "variables", { order_by: "key" });
  output.list(variables, COLUMNS, { none: "There are no variables." });
}

export async function getVariable(key: string, options: ServerOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const variable = await client.get<VariableResource>(path`/api/v2/variables/${key}`);
  output.done(variable.value ?? "", variable);
}

export async function setVariable(key: string, given: string | undefined, options: VariableSetOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const value = given ?? (await readStandardInput(`The value of variable "${key}"`));
  if (options.json === true) assertJsonText(key, value);
  const url = path`/api/v2/variables/${key}`;
  const known = await client.find<VariableResource>(url);
  const body = { key, value, ...(options.description === undefined ? {} : { description: options.description }) };
  const variable =
    known === undefined
      ? await client.send<VariableResource>("POST", "/api/v2/variables", body)
      : await client.send<VariableResource>("PATCH", url, body, { update_mask: Object.keys(body).filter((name) => name !== "key") });
  output.done(`Variable "${key}" is set.`, variable);
}

function assertJsonText(key: string, value: string): void {
  try {
    JSON.parse(value);
  } catch (error) {
    throw new CliError("not_json", `The value of variable "${key}" is no JSON: ${(error as Error).message}`, { exitCode: EXIT.usage });
  }
}

export async function deleteVariable(key: string, options: ServerOptions): Promise<void> {
  const { client, output } = clientContext(options);
  await client.delete(path`/api/v2/variables/${key}`);
  output.done(`Variable "${key}" is deleted.`, { key });
}
