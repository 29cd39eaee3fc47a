import { describe, expect, it } from "vitest";
import { codeFrame } from "./code-frame.ts";

const SOURCE = Array.from({ length: 12 }, (_, index) => `line ${index + 1}`).join("\n");

describe("codeFrame", () => {
  it("shows two lines on each side, marks the line and points at the column", () => {
    expect(codeFrame(SOURCE, 10, 6)).toBe(
      ["   8 | line 8", "   9 | line 9", "> 10 | line 10", "     |      ^", "  11 | line 11", "  12 | line 12"].join("\n"),
    );
  });

  it("ends at the edges of the file, and does not count a last line break as a line", () => {
    expect(codeFrame("only\n", 1, null)).toBe("> 1 | only");
  });

  it("gives nothing for a line that is not there", () => {
    expect(codeFrame("only\n", 3, 1)).toBeNull();
    expect(codeFrame("only\n", 0, 1)).toBeNull();
  });

  it("cuts lines that nobody could read", () => {
    expect(codeFrame("x".repeat(10_000), 1, 9_000)?.length).toBeLessThan(300);
  });
});
