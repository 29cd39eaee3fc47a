import { hostname } from "node:os";
import { text } from "node:stream/consumers";
import { HostStartup } from "@tradewind/contract";
import { createExecutionApiClient } from "@tradewind/contract/client";
import { ControlServer } from "./control-server.ts";
import { type HostEndLimits, reasonToEnd } from "./host-end.ts";
import type { HostLogger } from "./host-options.ts";
import { RunnerHost } from "./runner-host.ts";

const DEFAULT_IDLE_EXIT_MS = 5 * 60_000;
const DEFAULT_UNREACHABLE_EXIT_MS = 10 * 60_000;
const DEFAULT_DRAIN_TIMEOUT_MS = 60_000;

/** The local runner host as a process: started by the local executor, told what to do over a unix socket. Resolves when it has ended. */
export async function runHostProcess(version: string): Promise<void> {
  const startup = HostStartup.parse(JSON.parse(await text(process.stdin)));
  // A terminal's Ctrl-C and the end of its session are for those who started this process; it is told by its socket what to do.
  process.on("SIGINT", () => undefined);
  process.on("SIGHUP", () => undefined);
  const logger = jsonLogger();
  const { hostId, executor, slots, stateDir, memoryLimitMb, maxResultBytes, passEnv, socketPath } = startup;
  let done: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (done = resolve));
  const stop = (options: { drain: boolean; timeoutMs: number }) => {
    control.stopping();
    void host.stop(options).then(done);
  };
  const control = new ControlServer({ socketPath, hostId, executionApiUrl: startup.executionApiUrl, logger, onStop: stop });
  const host = new RunnerHost({
    hostId,
    executor,
    hostname: hostname(),
    version,
    client: createExecutionApiClient({ baseUrl: startup.executionApiUrl, hostToken: startup.hostToken }),
    slots,
    queues: null,
    stateDir,
    logger,
    memoryLimitMb,
    maxResultBytes,
    passEnv,
    childPolicy: startup.childPolicy ?? {},
    stopLadder: startup.stopLadder,
    maxLogBytes: startup.maxLogBytes,
    onChange: (change) => control.changed(change),
    onTokenRefused: () => control.tokenWanted(),
    onTrouble: (trouble) => control.trouble(trouble),
    onRecovered: (doing, afterMs) => control.recovered(doing, afterMs),
  });
  process.on("SIGTERM", () => stop({ drain: true, timeoutMs: startup.drainTimeoutMs ?? DEFAULT_DRAIN_TIMEOUT_MS }));
  await control.listen(host);
  const limits = {
    idleExitMs: startup.idleExitMs ?? DEFAULT_IDLE_EXIT_MS,
    unreachableExitMs: startup.unreachableExitMs ?? DEFAULT_UNREACHABLE_EXIT_MS,
  };
  const watch = watchForEnd(host, control, limits, (why) => {
    clearInterval(watch);
    // In this same turn: who comes later finds nobody, and starts a host of its own. Were it greeted yet, its commands would be lost with this one.
    control.closeDoor();
    logger.info({ ...host.load(), ...host.dues() }, `the host ends: ${why}`);
    stop({ drain: false, timeoutMs: 0 });
  });
  await Promise.race([ended, host.start().catch((error: unknown) => logger.error({ error: String(error) }, "the host could not start"))]);
  await ended;
  clearInterval(watch);
  await control.close();
}

/** A host that nobody talks to, and that has no work or can do none, would stay for ever. */
function watchForEnd(host: RunnerHost, control: ControlServer, limits: HostEndLimits, onEnd: (why: string) => void): NodeJS.Timeout {
  const everyMs = Math.max(50, Math.min(limits.idleExitMs, limits.unreachableExitMs) / 4);
  let connectedAt = performance.now();
  let usedAt = connectedAt;
  return setInterval(() => {
    const now = performance.now();
    const { waiting, running } = host.load();
    if (control.connections > 0) connectedAt = now;
    if (control.connections > 0 || waiting + running > 0) usedAt = now;
    const why = reasonToEnd({ now, connectedAt, usedAt, ...host.dues() }, limits);
    if (why !== null) onEnd(why);
  }, everyMs);
}

/** One JSON object per line on stderr, which the executor has pointed at a file. */
function jsonLogger(): HostLogger {
  const at = (level: string) => (fields: object, message: string) =>
    void process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, msg: message, ...fields })}\n`);
  return { debug: () => undefined, info: at("info"), warn: at("warn"), error: at("error") };
}
