const LINES_AROUND = 2;
const MAX_LINE_LENGTH = 200;

/**
 * The lines around a place in a source file, for people:
 *
 * ```
 *   11 | const rows = load();
 * > 12 | rows.forEech(print);
 *      |      ^
 *   13 |
 * ```
 *
 * `line` and `column` count from 1; a null column leaves the caret out. Null when the source has no such line.
 */
export function codeFrame(sourceText: string, line: number, column: number | null): string | null {
  const lines = sourceText.split(/\r\n|\r|\n/u);
  if (lines.length > 1 && lines.at(-1) === "") lines.pop();
  if (line < 1 || line > lines.length) return null;
  const first = Math.max(1, line - LINES_AROUND);
  const last = Math.min(lines.length, line + LINES_AROUND);
  const width = String(last).length;
  const frame: string[] = [];
  for (let number = first; number <= last; number++) {
    const text = (lines[number - 1] ?? "").replaceAll("\t", " ");
    const shown = text.length > MAX_LINE_LENGTH ? `${text.slice(0, MAX_LINE_LENGTH)}…` : text;
    frame.push(`${number === line ? ">" : " "} ${String(number).padStart(width)} | ${shown}`.trimEnd());
    if (number === line && column !== null && column <= MAX_LINE_LENGTH)
      frame.push(`  ${" ".repeat(width)} | ${" ".repeat(Math.max(0, column - 1))}^`);
  }
  return frame.join("\n");
}
