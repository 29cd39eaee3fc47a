import { type Cell, type Column, formatFields, formatTable } from "./table.ts";
import { paint, type Style, stateStyle, type Terminal, terminalOf } from "./terminal.ts";

export const OUTPUT_FORMATS = ["table", "json"] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** What a command says: its answer on stdout, for people or for programs; everything else on stderr. */
export class Output {
  readonly format: OutputFormat;
  readonly out: Terminal;
  readonly err: Terminal;

  constructor(format: OutputFormat, out: Terminal, err: Terminal) {
    this.format = format;
    this.out = out;
    this.err = err;
  }

  get isJson(): boolean {
    return this.format === "json";
  }

  /** A list. As JSON it is `json` when given, else the rows as they are. */
  list<T>(rows: readonly T[], columns: readonly Column<T>[], options: { none: string; json?: unknown }): void {
    if (this.isJson) return this.json(options.json ?? rows);
    if (rows.length === 0) return this.note(options.none);
    this.out.write(formatTable(columns, rows, this.out));
  }

  /** One thing. */
  item(value: unknown, fields: readonly (readonly [string, string | number | null | undefined | Cell])[]): void {
    if (this.isJson) return this.json(value);
    this.out.write(formatFields(fields, this.out));
  }

  /** The answer of a command that did something: a sentence for people, the thing itself for programs. */
  done(sentence: string, value: unknown): void {
    if (this.isJson) return this.json(value);
    this.out.write(`${sentence}\n`);
  }

  json(value: unknown): void {
    this.out.write(`${JSON.stringify(value, null, 2)}\n`);
  }

  /** A remark that is no part of the answer. */
  note(text: string): void {
    this.err.write(`${text}\n`);
  }

  state(state: string | null): Cell {
    return { text: state ?? "none", style: stateStyle(state) };
  }

  paint(style: Style | null, text: string): string {
    return paint(this.out, style, text);
  }
}

export function processOutput(format: OutputFormat): Output {
  return new Output(format, terminalOf(process.stdout, process.env), terminalOf(process.stderr, process.env));
}
