import { setTimeout as sleep } from "node:timers/promises";

export interface ShutdownLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface ShutdownOptions {
  log: ShutdownLog;
  /** All stops together may take this long; then the process ends all the same. Default 30,000. */
  timeoutMs?: number;
  /** What ends the process; only tests replace it. */
  exit?: (code: number) => void;
}

/** Stops one part; a promise is waited for. */
type Stop = () => unknown;

export interface Shutdown {
  /** Registers what must be stopped before the process ends. What was added last is stopped first, one after the other. */
  onShutdown(name: string, stop: Stop): void;
  /** Aborted at the moment the shutdown begins. */
  readonly signal: AbortSignal;
  /** Begins the shutdown without a signal, and ends the process with `code`, or 1 when something did not stop. Safe to call twice. */
  shutDown(reason: string, code?: number): Promise<void>;
}

/** The terminal, npm and a launcher may each deliver the same Ctrl-C: repeats this close are the same request. */
const SAME_REQUEST_MS = 500;
const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
type StopSignal = keyof typeof SIGNAL_NUMBERS;

/**
 * Stops a process in order. The first SIGINT, SIGTERM or SIGHUP begins: everything registered is stopped, newest first, within a bound, and the process
 * ends with 0, or with 1 when a stop failed or took too long. A second signal ends it at once with the shell's code (130 for Ctrl-C).
 */
export function handleShutdown(options: ShutdownOptions): Shutdown {
  const { log, timeoutMs = 30_000, exit = (code) => process.exit(code) } = options;
  const stops: { name: string; stop: Stop }[] = [];
  const controller = new AbortController();
  let begunAt = 0;
  let ending: Promise<void> | undefined;

  async function stopAll(reason: string, code: number): Promise<void> {
    log.info({ reason }, "stopping");
    controller.abort(new Error(`the process is stopping: ${reason}`));
    const deadline = new AbortController();
    const waitingFor = { name: "" };
    const finished = await Promise.race([
      stopEach(stops, log, waitingFor),
      sleep(timeoutMs, "late" as const, { signal: deadline.signal }).catch(() => "late" as const),
    ]);
    deadline.abort();
    if (finished === "late") log.error({ waitingFor: waitingFor.name, timeoutMs }, "did not stop in time; ending anyway");
    exit(finished === "clean" ? code : 1);
  }

  const shutDown = (reason: string, code = 0): Promise<void> => {
    begunAt ||= performance.now();
    return (ending ??= stopAll(reason, code));
  };

  for (const name of Object.keys(SIGNAL_NUMBERS) as StopSignal[]) {
    process.on(name, () => {
      if (ending === undefined) void shutDown(name);
      else if (performance.now() - begunAt > SAME_REQUEST_MS) {
        log.warn({ signal: name }, "asked twice to stop; ending now");
        exit(128 + SIGNAL_NUMBERS[name]);
      }
    });
  }

  return { onShutdown: (name, stop) => void stops.push({ name, stop }), signal: controller.signal, shutDown };
}

/** One failed stop must not keep the others from stopping. */
async function stopEach(stops: { name: string; stop: Stop }[], log: ShutdownLog, waitingFor: { name: string }): Promise<"clean" | "failed"> {
  let result: "clean" | "failed" = "clean";
  for (let next = stops.pop(); next !== undefined; next = stops.pop()) {
    waitingFor.name = next.name;
    try {
      await next.stop();
    } catch (error) {
      result = "failed";
      log.error({ err: error, name: next.name }, "could not be stopped cleanly");
    }
  }
  return result;
}
