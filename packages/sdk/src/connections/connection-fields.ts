import { type Json, TradewindError } from "@tradewind/core";
import type { Connection } from "../runtime.ts";

/** What a connection may be used as. */
export interface KindFacts {
  kind: string;
  /** Values of `connType` that mean this kind, Airflow's names among them. */
  connTypes: readonly string[];
}

/** Types that say nothing about what is at the other end: such a connection may be used as any kind. */
const UNTYPED = new Set(["", "generic"]);

/** Reads the fields of a connection for one kind of use. Every refusal names the connection, the field, what was found and how to mend it; never a secret. */
export class ConnectionFields {
  readonly connection: Connection;
  readonly #kind: string;

  /** @throws TradewindError `connection_invalid` for a connection of another kind */
  constructor(connection: Connection, { kind, connTypes }: KindFacts) {
    this.connection = connection;
    this.#kind = kind;
    const type = connection.connType.toLowerCase().replaceAll("-", "_");
    if (!UNTYPED.has(type) && !connTypes.includes(type)) {
      throw this.invalid(
        `has the type "${connection.connType}", where one of ${connTypes.join(", ")} is needed. Name another connection, or change its type: tradewind connections set ${connection.connectionId} --type ${connTypes[0]}`,
      );
    }
  }

  requiredText(field: "host" | "login" | "password" | "schema", option: string): string {
    const value = this.connection[field];
    if (value !== null && value !== "") return value;
    throw this.invalid(`has no ${field}. Set it: tradewind connections set ${this.connection.connectionId} --${option} …`);
  }

  /** A text member of `extra` under one of several names. */
  text(...names: string[]): string | undefined {
    const [name, value] = this.#find(names);
    if (value === undefined || value === null || value === "") return undefined;
    if (typeof value === "string") return value;
    throw this.#wrongExtra(name, "must be a text");
  }

  oneOf<const T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const value = this.text(name);
    if (value === undefined || (allowed as readonly string[]).includes(value)) return value as T | undefined;
    throw this.#wrongExtra(name, `is "${value}", and must be one of ${allowed.join(", ")}`);
  }

  /** A boolean member of `extra`; connections written as a URL have it as text. */
  boolean(...names: string[]): boolean | undefined {
    const [name, value] = this.#find(names);
    if (value === undefined || value === null || value === "") return undefined;
    if (typeof value === "boolean") return value;
    if (typeof value === "string" && /^(true|1|yes)$/i.test(value)) return true;
    if (typeof value === "string" && /^(false|0|no)$/i.test(value)) return false;
    throw this.#wrongExtra(name, "must be true or false");
  }

  number(...names: string[]): number | undefined {
    const [name, value] = this.#find(names);
    if (value === undefined || value === null || value === "") return undefined;
    const number = typeof value === "string" ? Number(value) : value;
    if (typeof number === "number" && Number.isFinite(number) && number >= 0) return number;
    throw this.#wrongExtra(name, "must be a number of zero or more");
  }

  object(name: string): Record<string, Json> | undefined {
    const value = this.connection.extra[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value === "object" && !Array.isArray(value)) return value;
    throw this.#wrongExtra(name, "must be an object");
  }

  invalid(problem: string): TradewindError {
    const { connectionId, connType } = this.connection;
    return new TradewindError("connection_invalid", `Connection "${connectionId}" can't be used as ${this.#kind}: it ${problem}`, {
      details: { connectionId, connType, kind: this.#kind },
    });
  }

  #wrongExtra(name: string, problem: string): TradewindError {
    return this.invalid(`has an extra "${name}" that ${problem}. Change it: tradewind connections set ${this.connection.connectionId} --extra '{…}'`);
  }

  #find(names: readonly string[]): [string, Json | undefined] {
    const name = names.find((one) => this.connection.extra[one] !== undefined) ?? names[0]!;
    return [name, this.connection.extra[name]];
  }
}
