import pg from "pg";
import { columnParsers } from "./column-parsers.ts";
import type { Statement, StatementResult } from "./database-handle.ts";
import { encodeValue } from "./statement-values.ts";

/**
 * Statements that travel together: everything that is sent on one connection in the same turn goes out in one write, with one Sync behind it, and comes back in one flush of the server. Each
 * write to the socket costs more than a small statement, on either side.
 *
 * They run in order. When one fails, those behind it are not run and fail with the same error; in a transaction they would have been refused anyway.
 */
export class StatementBatcher {
  readonly #client: pg.PoolClient;
  readonly #session: Session = { columns: new Map(), doubtful: new Set() };
  readonly #onSent: (statements: number) => void;
  #open: Sent[] = [];
  #statements = 0;
  #scheduled = false;
  /** How many statements were never sent, since a value of theirs could not be. */
  refused = 0;
  /** What the server said of the first statement that failed since this was taken away. */
  failure: unknown;

  /** @param onSent hears how many statements went out together */
  constructor(client: pg.PoolClient, onSent: (statements: number) => void) {
    this.#client = client;
    this.#onSent = onSent;
  }

  /** @param isControl it begins the transaction: it is no statement to be counted */
  add(statement: Statement, { isControl = false }: { isControl?: boolean } = {}): Promise<StatementResult> {
    return new Promise((resolve, reject) => {
      // Here, where it fails this statement alone: a batch of which half was written would leave the connection waiting for ever.
      const values = this.#encode(statement);
      this.#open.push({ statement, values, resolve, reject });
      if (!isControl) this.#statements += 1;
      if (this.#scheduled) return;
      this.#scheduled = true;
      // After all that this turn still has to say.
      process.nextTick(() => this.flush());
    });
  }

  #encode({ values = [] }: Statement): (string | Buffer | null)[] {
    try {
      return values.map(encodeValue);
    } catch (error) {
      this.refused += 1;
      throw error;
    }
  }

  /** Sends what was added so far: something else that must come after it is about to be sent. */
  flush(): void {
    this.#scheduled = false;
    if (this.#open.length === 0) return;
    const batch = new BatchQuery(this.#open, this.#session, (error) => (this.failure ??= error));
    this.#open = [];
    this.#client.query(batch);
    this.#onSent(this.#statements);
    this.#statements = 0;
  }
}

interface Sent {
  statement: Statement;
  /** Encoded. */
  values: (string | Buffer | null)[];
  resolve: (result: StatementResult) => void;
  reject: (error: unknown) => void;
}

/** What is known of named statements on one connection, beside what pg itself keeps of them. */
interface Session {
  /** Columns of those that the server has parsed; a text never changes its columns, or the server refuses it. */
  columns: Map<string, Column[] | null>;
  /** Sent to be parsed in a batch that failed: it may have been or not. */
  doubtful: Set<string>;
}

/** Where pg keeps which statements a connection has parsed, or has been sent: queries of its own go over the same connection. */
interface ParsedStatements {
  parsedStatements: Record<string, string>;
  submittedNamedStatements: Record<string, string>;
}

interface Column {
  name: string;
  parse: (text: string) => unknown;
}

interface FieldDescription {
  name: string;
  dataTypeID: Parameters<typeof columnParsers.getTypeParser>[0];
  format: "text" | "binary";
}

/** pg's own class as base, since a pipelined client takes no others: these keep no portal open, which is what it is afraid of. */
class BatchQuery extends pg.Query {
  /** Where pg hangs the end of its time limit. */
  callback: ((error: unknown, result?: unknown) => void) | undefined;
  readonly #sent: readonly Sent[];
  readonly #session: Session;
  readonly #onFailure: (error: unknown) => void;
  #connection: pg.Connection | null = null;
  /** The statement whose answer comes now. */
  #at = 0;
  #columns: Column[] | null = null;
  #rows: unknown[] = [];
  #failed: unknown;

  constructor(sent: readonly Sent[], session: Session, onFailure: (error: unknown) => void) {
    super("");
    this.#onFailure = onFailure;
    this.callback = () => undefined;
    this.#sent = sent;
    this.#session = session;
  }

  override submit = (connection: pg.Connection): void => {
    this.#connection = connection;
    connection.stream.cork();
    for (const sent of this.#sent) this.#send(connection, sent);
    connection.sync();
    connection.stream.uncork();
    this.#begin();
  };

  #send(connection: pg.Connection, { statement: { name = "", text }, values }: Sent): void {
    const { columns, doubtful } = this.#session;
    const known = parsedOf(connection);
    if (name === "" || (known.parsedStatements[name] ?? known.submittedNamedStatements[name]) === undefined) {
      if (doubtful.delete(name)) connection.close({ type: "S", name }, true);
      connection.parse({ name, text, types: [] }, true);
      if (name !== "") known.submittedNamedStatements[name] = text;
    }
    connection.bind({ portal: "", statement: name, binary: "", values }, true);
    if (!columns.has(name)) connection.describe({ type: "P", name: "" }, true);
    connection.execute({ portal: "", rows: "" }, true);
  }

  #begin(): void {
    const statement = this.#sent[this.#at]?.statement;
    this.#columns = (statement?.name === undefined ? null : this.#session.columns.get(statement.name)) ?? null;
    this.#rows = [];
  }

  handleRowDescription({ fields }: { fields: FieldDescription[] }): void {
    this.#columns = fields.map(({ name, dataTypeID, format }) => {
      const parse = columnParsers.getTypeParser(dataTypeID, format) as (text: string) => unknown;
      return { name, parse };
    });
  }

  handleDataRow({ fields }: { fields: (string | null)[] }): void {
    if (this.#failed !== undefined) return;
    try {
      const row: Record<string, unknown> = {};
      for (const [index, { name, parse }] of this.#columns!.entries()) {
        const text = fields[index]!;
        row[name] = text === null ? null : parse(text);
      }
      this.#rows.push(row);
    } catch (error) {
      this.#failed = error;
    }
  }

  handleCommandComplete({ text }: { text: string }): void {
    const { statement, resolve, reject } = this.#sent[this.#at]!;
    if (statement.name !== undefined) this.#isParsed(statement.name, statement.text);
    if (this.#failed !== undefined) reject(this.#failed);
    else resolve({ rows: this.#rows, rowCount: rowCountOf(text), command: text });
    this.#failed = undefined;
    this.#at += 1;
    this.#begin();
  }

  #isParsed(name: string, text: string): void {
    this.#session.columns.set(name, this.#columns);
    const known = parsedOf(this.#connection!);
    known.parsedStatements[name] = text;
    delete known.submittedNamedStatements[name];
  }

  handleEmptyQuery(): void {
    this.handleCommandComplete({ text: "" });
  }

  handlePortalSuspended(): void {}

  handleError(error: unknown): void {
    this.#onFailure(error);
    const open = this.#sent.slice(this.#at);
    this.#at = this.#sent.length;
    for (const { statement, reject } of open) {
      this.#mayBeParsed(statement.name);
      reject(error);
    }
    this.callback?.(error);
  }

  #mayBeParsed(name: string | undefined): void {
    const known = this.#connection === null ? null : parsedOf(this.#connection);
    if (name === undefined || known?.submittedNamedStatements[name] === undefined) return;
    delete known.submittedNamedStatements[name];
    this.#session.doubtful.add(name);
  }

  handleReadyForQuery(): void {
    this.callback?.(null, undefined);
  }
}

function parsedOf(connection: pg.Connection): ParsedStatements {
  return connection as unknown as ParsedStatements;
}

/** `UPDATE 3`, `INSERT 0 3`, `BEGIN`. */
function rowCountOf(command: string): number | null {
  const count = command.slice(command.lastIndexOf(" ") + 1);
  return /^\d+$/u.test(count) ? Number(count) : null;
}
