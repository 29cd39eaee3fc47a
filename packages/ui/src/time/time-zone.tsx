import { useLocalStorage } from "@mantine/hooks";
import { createContext, type ReactNode, useContext, useMemo } from "react";

interface TimeZone {
  /** IANA name; times everywhere are shown in it. */
  zone: string;
  setZone: (zone: string) => void;
}

const Context = createContext<TimeZone | null>(null);
const OWN_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The zones offered first: where the schedules are, and where the reader is. */
export const FIRST_ZONES: readonly string[] = [...new Set(["UTC", OWN_ZONE])];

export function TimeZoneProvider({ children }: { children: ReactNode }) {
  const [zone, setZone] = useLocalStorage({ key: "tradewind-time-zone", defaultValue: "UTC", getInitialValueInEffect: false });
  const value = useMemo(() => ({ zone, setZone }), [zone, setZone]);
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

export function useTimeZone(): TimeZone {
  const value = useContext(Context);
  if (value === null) throw new Error("There is no TimeZoneProvider above.");
  return value;
}
