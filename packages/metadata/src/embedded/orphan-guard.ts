import { type ChildProcess, spawn } from "node:child_process";
import { findOnPath } from "./unprivileged-command.ts";

/**
 * A killed parent must not leave a server behind. On Linux the kernel sends the signal (`setpriv --pdeathsig`); note that
 * it watches the *thread* that spawned the server, so a server is started from the main thread. Elsewhere a small shell
 * waits for the end of its standard input, which comes when this process is gone, however it went.
 */
export function parentDeathPrefix(): readonly string[] {
  const setpriv = process.platform === "linux" ? findOnPath("setpriv") : undefined;
  return setpriv ? [setpriv, "--pdeathsig", "INT"] : [];
}

/** The portable fallback; stops itself when the server has ended, so that the number is never used after its time. */
export function guardAgainstOrphan(server: ChildProcess): void {
  const script = 'cat >/dev/null; kill -INT "$1" 2>/dev/null';
  const guard = spawn("/bin/sh", ["-c", script, "sh", String(server.pid)], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  guard.on("error", () => undefined);
  guard.stdin.on("error", () => undefined);
  guard.unref();
  (guard.stdin as unknown as { unref(): void }).unref();
  server.once("exit", () => {
    if (guard.pid === undefined) return;
    try {
      process.kill(-guard.pid, "SIGKILL");
    } catch {
      // Already gone.
    }
  });
}
