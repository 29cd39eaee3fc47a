// Escape sequences, and single control characters but tab and newline: what comes from a server or a task must not steer the terminal.
// oxlint-disable-next-line no-control-regex -- they are what it looks for
const CONTROL = /\u001B\[[0-?]*[ -/]*[@-~]|\u001B\][^\u0007\u001B]*(?:\u0007|\u001B\\)|[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/gu;
// oxlint-disable-next-line no-control-regex -- as above
const COLOUR = /^\u001B\[[\d;]*m$/u;
const WIDE =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]|[\u{20000}-\u{3FFFD}])/u;

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });
const isPlain = (text: string): boolean => /^[ -~]*$/u.test(text);

/** One line of text without anything that would steer a terminal. */
export function plainLine(text: string): string {
  return isPlain(text)
    ? text
    : text
        .replace(CONTROL, "")
        .replaceAll(/\s*\n\s*/gu, " ⏎ ")
        .replaceAll("\t", " ");
}

/** Text as it may be shown on a terminal: colours stay, other escape sequences and control characters go. */
export function safeText(text: string, keepColours: boolean): string {
  return isPlain(text) ? text : text.replace(CONTROL, (found) => (keepColours && COLOUR.test(found) ? found : ""));
}

/** Columns that a line without control characters takes on a terminal. */
export function displayWidth(text: string): number {
  if (isPlain(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += WIDE.test(segment) ? 2 : 1;
  return width;
}

/** Cuts a line to a width; what was cut shows as "…". */
export function fitTo(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let fitted = "";
  let left = width - 1;
  for (const { segment } of segmenter.segment(text)) {
    left -= WIDE.test(segment) ? 2 : 1;
    if (left < 0) break;
    fitted += segment;
  }
  return `${fitted}…`;
}
