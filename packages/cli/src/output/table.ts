import { displayWidth, fitTo, plainLine } from "./display-width.ts";
import { paint, type Style, type Terminal } from "./terminal.ts";

export interface Cell {
  text: string;
  style?: Style | null;
}

export interface Column<T> {
  title: string;
  value(row: T): string | number | null | undefined | Cell;
  align?: "left" | "right";
  /** May lose its end when the terminal is too narrow; ids never do. Columns further to the right lose first. */
  mayBeCut?: boolean;
}

const GAP = "  ";
const MIN_CUT_WIDTH = 8;

/** Rows as aligned columns under a head line. Nothing is cut where nobody looks on. */
export function formatTable<T>(columns: readonly Column<T>[], rows: readonly T[], terminal: Pick<Terminal, "columns" | "hasColours">): string {
  const cells = rows.map((row) => columns.map((column) => toCell(column.value(row))));
  const natural = columns.map((column, index) => Math.max(displayWidth(column.title), ...cells.map((row) => displayWidth(row[index]!.text))));
  const widths = terminal.columns === null ? natural : narrow(columns, natural, terminal.columns);
  const head = columns.map((column): Cell => ({ text: column.title, style: "bold" }));
  return [head, ...cells].map((row) => `${formatRow(row, columns, widths, terminal)}\n`).join("");
}

function formatRow<T>(
  row: readonly Cell[],
  columns: readonly Column<T>[],
  widths: readonly number[],
  terminal: Pick<Terminal, "hasColours">,
): string {
  const parts = row.map((cell, index) => {
    const text = fitTo(cell.text, widths[index]!);
    const padding = " ".repeat(widths[index]! - displayWidth(text));
    const painted = paint(terminal, cell.style ?? null, text);
    if (columns[index]!.align === "right") return padding + painted;
    return index === row.length - 1 ? painted : painted + padding;
  });
  return parts.join(GAP).trimEnd();
}

function narrow<T>(columns: readonly Column<T>[], natural: readonly number[], available: number): number[] {
  const widths = [...natural];
  let excess = widths.reduce((sum, width) => sum + width, 0) + GAP.length * (widths.length - 1) - available;
  for (let index = columns.length - 1; index >= 0 && excess > 0; index--) {
    if (columns[index]!.mayBeCut !== true) continue;
    const cut = Math.min(excess, Math.max(0, widths[index]! - Math.max(MIN_CUT_WIDTH, displayWidth(columns[index]!.title))));
    widths[index]! -= cut;
    excess -= cut;
  }
  return widths;
}

function toCell(value: string | number | null | undefined | Cell): Cell {
  if (value === null || value === undefined) return { text: "-", style: "dim" };
  if (typeof value === "object") return { ...value, text: plainLine(value.text) };
  return { text: plainLine(String(value)) };
}

/** One thing as "name  value" lines. Several lines of one value are indented below each other. */
export function formatFields(
  fields: readonly (readonly [string, string | number | null | undefined | Cell])[],
  terminal: Pick<Terminal, "hasColours">,
): string {
  const width = Math.max(...fields.map(([name]) => displayWidth(name)));
  return fields
    .map(([name, value]) => {
      const cell = toCell(value);
      return `${paint(terminal, "bold", name)}${" ".repeat(width - displayWidth(name))}${GAP}${paint(terminal, cell.style ?? null, cell.text)}\n`;
    })
    .join("");
}
