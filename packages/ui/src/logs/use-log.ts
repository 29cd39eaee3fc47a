import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, useSyncExternalStore } from "react";
import { sessionQuery } from "../api/session.ts";
import { type LogPlace, type LogStream, openLogStream } from "./log-stream.ts";

const NOTHING = { subscribe: () => () => undefined };

/**
 * The log of a try, read from its beginning and on while it grows. It is read anew when the try goes on after it had ended.
 * @returns null before the first reading, which begins with the first look
 */
export function useLog(
  { dagId, runId, taskId, mapIndex, tryNumber }: LogPlace,
  isLive: boolean,
): { stream: LogStream | null; version: number; again: () => void } {
  const queryClient = useQueryClient();
  const [reading, setReading] = useState(0);
  const [stream, setStream] = useState<LogStream | null>(null);
  useEffect(() => {
    const opened = openLogStream({ dagId, runId, taskId, mapIndex, tryNumber });
    setStream(opened);
    return () => {
      opened.close();
      setStream(null);
    };
  }, [dagId, runId, taskId, mapIndex, tryNumber, reading]);

  const version = useSyncExternalStore((stream ?? NOTHING).subscribe, () => stream?.version ?? 0);
  const hasEnded = stream?.status === "ended";
  const isRefused = stream?.error?.status === 401;
  const [wasLive, setWasLive] = useState(isLive);
  if (isLive !== wasLive) {
    setWasLive(isLive);
    if (isLive && hasEnded) setReading((before) => before + 1);
  }
  useEffect(() => {
    if (isRefused) void queryClient.invalidateQueries({ queryKey: sessionQuery.queryKey });
  }, [isRefused, queryClient]);
  return { stream, version, again: () => setReading((before) => before + 1) };
}
