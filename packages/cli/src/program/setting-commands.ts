import type { Command } from "commander";
import { examples, lazily, type ServerOptions, withServer } from "./options.ts";

export interface PoolSetOptions extends ServerOptions {
  description?: string;
  includeDeferred?: boolean;
}

export interface VariableSetOptions extends ServerOptions {
  description?: string;
  json?: boolean;
}

export interface ConnectionSetOptions extends ServerOptions {
  type?: string;
  host?: string;
  login?: string;
  password?: string;
  schema?: string;
  port?: number;
  extra?: Record<string, unknown>;
  description?: string;
}

export function addSettingCommands(program: Command): void {
  addPools(program);
  addVariables(program);
  addConnections(program);
}

function addPools(program: Command): void {
  const load = () => import("../commands/pools.ts");
  const pools = program.command("pools").description("pools: limits over tasks");
  withServer(pools.command("list").description("list pools")).action(lazily(load, "listPools"));
  withServer(pools.command("get <name>").description("show a pool")).action(lazily(load, "getPool"));
  const set = withServer(pools.command("set <name> <slots>").description("make or change a pool; -1 slots: no limit"))
    .option("--description <text>", "what it is for")
    .option("--include-deferred", "deferred tasks take slots as well")
    .action(lazily(load, "setPool"));
  examples(set, ['pools set warehouse 4 --description "connections of the warehouse"']);
  withServer(pools.command("delete <name>").description("delete a pool")).action(lazily(load, "deletePool"));
}

function addVariables(program: Command): void {
  const load = () => import("../commands/variables.ts");
  const variables = program.command("variables").description("variables: values that tasks read by key");
  withServer(variables.command("list").description("list variables")).action(lazily(load, "listVariables"));
  withServer(variables.command("get <key>").description("print the value of a variable")).action(lazily(load, "getVariable"));
  const set = withServer(
    variables.command("set <key> [value]").description("make or change a variable; without a value it is read from standard input"),
  )
    .option("--description <text>", "what it is for")
    .option("--json", "the value is JSON, and is checked")
    .action(lazily(load, "setVariable"));
  examples(set, ["variables set region eu-west", "variables set api_key < key.txt"]);
  withServer(variables.command("delete <key>").description("delete a variable")).action(lazily(load, "deleteVariable"));
}

function addConnections(program: Command): void {
  const load = () => import("../commands/connections.ts");
  const connections = program.command("connections").description("connections: addresses and credentials that tasks read by id");
  withServer(connections.command("list").description("list connections")).action(lazily(load, "listConnections"));
  withServer(connections.command("get <id>").description("show a connection; its password stays hidden")).action(lazily(load, "getConnection"));
  const set = withServer(
    connections.command("set <id> [url]").description("make or change a connection, by a URL or by its parts; `-` reads the URL from standard input"),
  )
    .option("--type <type>", "postgres, http …")
    .option("--host <host>", "host")
    .option("--port <port>", "port", Number)
    .option("--login <login>", "user name")
    .option("--password <password>", "password; on a shared machine, give the URL on standard input instead")
    .option("--schema <schema>", "database, or another first part of a path")
    .option("--extra <json>", "further settings, as a JSON object", (text: string) => JSON.parse(text) as Record<string, unknown>)
    .option("--description <text>", "what it is for")
    .action(lazily(load, "setConnection"));
  examples(set, [
    "connections set warehouse postgres://user:secret@db.example.com:5432/sales",
    "connections set hooks --type http --host hooks.example.com",
  ]);
  const test = withServer(
    connections.command("test <id>").description("have the server try a connection: whether it reaches what it points to, with its credentials"),
  ).action(lazily(load, "testConnection"));
  examples(test, ["connections test warehouse"]);
  withServer(connections.command("delete <id>").description("delete a connection")).action(lazily(load, "deleteConnection"));
}
