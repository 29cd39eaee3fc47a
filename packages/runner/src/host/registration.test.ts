import { expect, test, vi } from "vitest";
import { Reachability } from "./reachability.ts";
import { Registration } from "./registration.ts";

test("a renewal of the token that fails is tried again soon: the host does not count as cut off until it is forgotten", async () => {
  vi.useFakeTimers();
  try {
    let isAway = false;
    const quiet = () => undefined;
    const reachability = new Reachability({ onTrouble: quiet, onRecovered: quiet });
    const client = {
      registerHost: () => (isAway ? Promise.reject(new Error("ECONNREFUSED")) : Promise.resolve({ token: "t", heartbeatMs: 1 })),
      setHostToken: quiet,
    };
    const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
    const closed = new AbortController();
    const registration = new Registration({ client, logger, hostId: "h" } as never, reachability, closed.signal, quiet);
    await registration.untilKnown();
    isAway = true;
    await vi.advanceTimersByTimeAsync(5 * 60_000);
    expect(reachability.isFailing).toBe(true);
    isAway = false;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(reachability.isFailing).toBe(false);
    registration.close();
    reachability.stop();
  } finally {
    vi.useRealTimers();
  }
});
