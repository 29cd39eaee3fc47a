import { describe, expect, it } from "vitest";
import { parseAnsi, stripAnsi, TRUE_COLOR } from "./ansi.ts";
import { contrast, cssOf, LOG_GROUND, readableOn, rgbOf } from "./ansi-css.ts";

const E = "\u001b[";

describe("parseAnsi", () => {
  it("leaves plain text as it is", () => {
    expect(parseAnsi("a [31m b")).toEqual({ text: "a [31m b", runs: [] });
  });

  it("gives the parts and how they look", () => {
    expect(parseAnsi(`${E}1;31mred${E}0m and ${E}92mgreen`)).toEqual({
      text: "red and green",
      runs: [
        { start: 0, end: 3, style: { bold: true, color: 1 } },
        { start: 8, end: 13, style: { color: 10 } },
      ],
    });
  });

  it("ends one look and keeps the others", () => {
    expect(parseAnsi(`${E}1;4;33ma${E}22mb${E}39mc${E}md`).runs.map(({ style }) => style)).toEqual([
      { bold: true, underline: true, color: 3 },
      { underline: true, color: 3 },
      { underline: true },
    ]);
  });

  it("knows the palette of 256 and true colours, also with colons, and drops what is neither", () => {
    expect(parseAnsi(`${E}38;5;208;1mx`).runs[0]!.style).toEqual({ color: 208, bold: true });
    expect(parseAnsi(`${E}48:2:1:2:3mx`).runs[0]!.style).toEqual({ background: TRUE_COLOR + 0x010203 });
    expect(parseAnsi(`${E}38;5;900;1mx`).runs[0]!.style).toEqual({ bold: true });
  });

  it("takes out what moves cursors, sets titles and makes links", () => {
    const raw = `${E}2K${E}1Ga\u001b]0;title\u0007b\u001b]8;;https://x\u001b\\c\u001b]8;;\u001b\\`;
    expect(parseAnsi(raw)).toEqual({ text: "abc", runs: [] });
    expect(stripAnsi(raw)).toBe("abc");
  });
});

it("makes each colour readable in light and dark, and leaves those that are", () => {
  for (const ground of Object.values(LOG_GROUND)) {
    for (let color = 0; color < 256; color += 1) expect(contrast(ground, readableOn(ground, rgbOf(color)))).toBeGreaterThanOrEqual(4.5);
  }
  expect(readableOn([255, 255, 255], [150, 0, 0])).toEqual([150, 0, 0]);
  for (let color = 0; color < 256; color += 1) expect(contrast(rgbOf(color), readableOn(rgbOf(color), rgbOf(7)))).toBeGreaterThanOrEqual(4.5);
});

it("turns a colour and its ground around", () => {
  expect(cssOf({ inverse: true, color: TRUE_COLOR + 0xffffff, background: TRUE_COLOR })).toEqual({
    color: "light-dark(rgb(0 0 0), rgb(0 0 0))",
    backgroundColor: "light-dark(rgb(255 255 255), rgb(255 255 255))",
  });
});
