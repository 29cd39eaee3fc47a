/** 0 to 255: a colour of the palette. From 0x1000000 on: red, green and blue in the lower 24 bits. */
export type AnsiColor = number;
export const TRUE_COLOR = 0x1000000;

export interface AnsiStyle {
  color?: AnsiColor;
  background?: AnsiColor;
  bold?: true;
  dim?: true;
  italic?: true;
  underline?: true;
  strike?: true;
  inverse?: true;
}

/** A part of a text that looks the same. */
export interface AnsiRun {
  start: number;
  end: number;
  style: AnsiStyle;
}

// Control sequences (of which only `…m` says how text looks), operating system commands such as links and titles, and the other two-character sequences.
// oxlint-disable-next-line no-control-regex -- escape sequences begin with a control character
const ESCAPES = /\u001b(?:\[([0-?]*)[ -/]*([@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\^_])/gu;

/** A text without its escape sequences, and how its parts look. Nothing is carried from one line to the next. */
export function parseAnsi(raw: string): { text: string; runs: AnsiRun[] } {
  const runs: AnsiRun[] = [];
  let text = "";
  let style: AnsiStyle = {};
  let from = 0;
  const take = (to: number): void => {
    if (to === from) return;
    const start = text.length;
    text += raw.slice(from, to);
    if (Object.keys(style).length > 0) runs.push({ start, end: text.length, style });
  };
  for (const match of raw.matchAll(ESCAPES)) {
    take(match.index);
    from = match.index + match[0].length;
    if (match[2] === "m") style = applyCodes(style, match[1] ?? "");
  }
  take(raw.length);
  return { text, runs };
}

/** As {@link parseAnsi}, without the looks. */
export function stripAnsi(raw: string): string {
  return raw.includes("\u001b") ? raw.replaceAll(ESCAPES, "") : raw;
}

const FLAGS = {
  1: "bold",
  2: "dim",
  3: "italic",
  4: "underline",
  7: "inverse",
  9: "strike",
} as const satisfies Record<number, keyof AnsiStyle>;
/** Which looks a code ends. */
const ENDS: Readonly<Record<number, readonly (keyof AnsiStyle)[]>> = {
  22: ["bold", "dim"],
  23: ["italic"],
  24: ["underline"],
  27: ["inverse"],
  29: ["strike"],
  39: ["color"],
  49: ["background"],
};

function applyCodes(before: AnsiStyle, text: string): AnsiStyle {
  const codes = text.split(/[;:]/u).map(Number);
  let style: AnsiStyle = { ...before };
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at]!;
    const flag = FLAGS[code as keyof typeof FLAGS];
    if (code === 0) style = {};
    else if (flag !== undefined) style[flag] = true;
    else if (ENDS[code] !== undefined) for (const name of ENDS[code]) delete style[name];
    else if (code === 38 || code === 48) {
      const [color, used] = readColor(codes.slice(at + 1));
      if (color !== undefined) style[code === 38 ? "color" : "background"] = color;
      at += used;
    } else Object.assign(style, plainColor(code));
  }
  return style;
}

function plainColor(code: number): AnsiStyle {
  if (code >= 30 && code <= 37) return { color: code - 30 };
  if (code >= 90 && code <= 97) return { color: code - 90 + 8 };
  if (code >= 40 && code <= 47) return { background: code - 40 };
  if (code >= 100 && code <= 107) return { background: code - 100 + 8 };
  return {};
}

/** What follows 38 or 48, and how many codes that was. */
function readColor([kind, first, second, third]: readonly number[]): [color: AnsiColor | undefined, used: number] {
  if (kind === 5) return [inByte(first) ? first : undefined, 2];
  if (kind !== 2) return [undefined, 1];
  return [inByte(first) && inByte(second) && inByte(third) ? TRUE_COLOR + first * 65536 + second * 256 + third : undefined, 4];
}

function inByte(value: number | undefined): value is number {
  return value !== undefined && value >= 0 && value <= 255;
}
