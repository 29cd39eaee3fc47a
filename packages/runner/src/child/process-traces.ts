/** Kinds of handles that work on behind the back of the next attempt. Sockets are not among them: a kept connection is what a warm process is for. */
const WORKING_HANDLES = new Set(["Timeout", "Immediate", "ProcessWrap", "TCPServerWrap", "MessagePort", "FSEventWrap"]);

/**
 * What an attempt may leave behind in the process: the next one must find it as the first did. Working directory and environment are put back; what can't be put back makes the
 * process unfit.
 */
export class ProcessTraces {
  readonly #cwd = process.cwd();
  readonly #env = { ...process.env };
  #handles = countHandles();

  /** Call before an attempt, when its bundle has been imported: what modules hold for good is theirs. */
  begin(): void {
    this.#handles = countHandles();
  }

  /** Undoes what can be undone. Returns why the process must not be used again, if so. */
  restore(): string | undefined {
    const reason = this.#restoreCwd() ?? this.#leftHandles();
    this.#restoreEnv();
    return reason;
  }

  #restoreCwd(): string | undefined {
    try {
      if (process.cwd() !== this.#cwd) process.chdir(this.#cwd);
      return undefined;
    } catch (error) {
      return `its working directory could not be put back: ${String(error)}`;
    }
  }

  #restoreEnv(): void {
    const now = { ...process.env };
    for (const key of Object.keys(now)) if (!(key in this.#env)) delete process.env[key];
    for (const [key, value] of Object.entries(this.#env)) if (now[key] !== value) process.env[key] = value;
  }

  #leftHandles(): string | undefined {
    const now = countHandles();
    for (const [kind, count] of now) {
      const more = count - (this.#handles.get(kind) ?? 0);
      if (more > 0) return `the task left ${more} of these running: ${kind}`;
    }
    return undefined;
  }
}

function countHandles(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) if (WORKING_HANDLES.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}
