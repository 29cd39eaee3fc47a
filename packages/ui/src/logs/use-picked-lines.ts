import { useLocation, useNavigate } from "@tanstack/react-router";
import { type LineRange, readLineHash, writeLineHash } from "./log-view.ts";

/** The lines that the address points at, and a way to point at others. */
export function usePickedLines(hasAddress: boolean): { picked: LineRange | null; pick: (line: number, extend: boolean) => void } {
  const { hash } = useLocation();
  const navigate = useNavigate();
  const picked = hasAddress ? readLineHash(hash) : null;
  return {
    picked,
    pick(line, extend) {
      if (!hasAddress) return;
      const from = extend && picked !== null ? picked.from : line;
      const range = { from: Math.min(from, line), to: Math.max(from, line) };
      // The same once more: not any more.
      const isSame = picked?.from === range.from && picked.to === range.to;
      const next = isSame ? "" : writeLineHash(range);
      void navigate({ to: ".", search: true, hash: next, replace: true, resetScroll: false, hashScrollIntoView: false });
    },
  };
}
