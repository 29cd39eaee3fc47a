import { type Json, TradewindError } from "@tradewind/core";
import type { Connection } from "../runtime.ts";

/** Where a run in memory finds variables and connections. */
export interface RunSettings {
  getVariable(key: string): string | undefined;
  setVariable(key: string, value: string): void;
  deleteVariable(key: string): boolean;
  getConnection(connectionId: string): Connection | undefined;
  /** As the beginning of a sentence. */
  howToSet(kind: "variable" | "connection", name: string): string;
}

/** A connection in a test: its fields, those that are left out being null, or a URL such as `"postgres://user:secret@host:5432/db"`. */
export type TestConnection = string | (Partial<Omit<Connection, "connectionId">> & { connectionId?: never });

/** Variables and connections as a test gives them. What is no text is kept as JSON. */
export class TestSettings implements RunSettings {
  readonly #variables: Map<string, string>;
  readonly #connections: Map<string, Connection>;

  constructor(variables: Readonly<Record<string, Json>> = {}, connections: Readonly<Record<string, TestConnection>> = {}) {
    this.#variables = new Map(Object.entries(variables).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]));
    this.#connections = new Map(Object.entries(connections).map(([id, given]) => [id, readConnection(id, given)]));
  }

  get variables(): Record<string, string> {
    return Object.fromEntries(this.#variables);
  }

  getVariable(key: string): string | undefined {
    return this.#variables.get(key);
  }

  setVariable(key: string, value: string): void {
    this.#variables.set(key, value);
  }

  deleteVariable(key: string): boolean {
    return this.#variables.delete(key);
  }

  getConnection(connectionId: string): Connection | undefined {
    return this.#connections.get(connectionId);
  }

  howToSet(kind: "variable" | "connection", name: string): string {
    return `Give it to the run of this test: run({ ${kind}s: { ${JSON.stringify(name)}: … } })`;
  }
}

function readConnection(connectionId: string, given: TestConnection): Connection {
  const empty = { connType: "", description: null, host: null, port: null, login: null, password: null, schema: null, extra: {} };
  return { ...empty, ...(typeof given === "string" ? partsOfUrl(connectionId, given) : given), connectionId };
}

function partsOfUrl(connectionId: string, text: string): Partial<Connection> {
  if (!URL.canParse(text))
    throw new TradewindError(
      "invalid_request",
      `Connection "${connectionId}" of the test is "${text}", which is no URL. Write scheme://login:password@host:port/schema, or an object.`,
    );
  const { protocol, hostname, port, username, password, pathname, searchParams } = new URL(text);
  return {
    connType: protocol.slice(0, -1),
    host: hostname === "" ? null : decodeURIComponent(hostname),
    port: port === "" ? null : Number(port),
    login: username === "" ? null : decodeURIComponent(username),
    password: password === "" ? null : decodeURIComponent(password),
    schema: pathname.length > 1 ? decodeURIComponent(pathname.slice(1)) : null,
    extra: Object.fromEntries(searchParams),
  };
}
