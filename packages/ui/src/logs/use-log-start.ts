import { useEffect, useRef } from "react";

interface LogStart {
  /** All that there is has been read. */
  isRead: boolean;
  rows: number;
  /** The line that the address pointed at when the log was opened, from 1. */
  line: number | undefined;
  /** The row with the error that the log is opened at, when there is no line. */
  errorRow: number | undefined;
  onGo: (row: number) => void;
}

/** Goes once, when it is there, to the line of the address, or to why the try failed. */
export function useLogStart({ isRead, rows, line, errorRow, onGo }: LogStart): void {
  const isDone = useRef(false);
  useEffect(() => {
    const isThere = isRead || (line !== undefined && rows >= line);
    if (isDone.current || !isThere) return;
    isDone.current = true;
    const row = line === undefined ? errorRow : line - 1;
    if (row !== undefined && row < rows) onGo(row);
  });
}
