/** Kinds of handles that work on behind the back of the next attempt. Sockets are not among them: a kept connection is what a warm process is for. */
const WORKING_HANDLES = new Set(["Timeout", "Immediate", "ProcessWrap", "TCPServerWrap", "MessagePort", "FSEventWrap"]);

/**
 * Classes that Node loads when they are looked at for the first time, with a whole client of HTTP (18 MB, and as much time as the rest of a start) or all of its cryptography. They are
 * therefore not looked at, and not compared. `fetch`, which whoever replaces the first of them replaces too, is.
 */
const LOADED_WHEN_READ: ReadonlySet<string> = new Set(
  "FormData Headers Request Response MessageEvent CloseEvent WebSocket EventSource Crypto CryptoKey SubtleCrypto".split(" "),
);

/**
 * The globals, by name, and the values of those that have one. Others are getters: some of these Node replaces by a value on first use, without any author's doing.
 */
interface Globals {
  all: readonly string[];
  names: readonly string[];
  values: readonly unknown[];
}

function readGlobals(): Globals {
  const all = Object.getOwnPropertyNames(globalThis);
  const names: string[] = [];
  const values: unknown[] = [];
  for (const name of all) {
    const property = LOADED_WHEN_READ.has(name) ? undefined : Object.getOwnPropertyDescriptor(globalThis, name);
    if (property === undefined || !("value" in property)) continue;
    names.push(name);
    values.push(property.value);
  }
  return { all, names, values };
}

/**
 * What an attempt may leave behind in the process: the next one must find it as the first did. Working directory and environment are put back; what can't be put back makes the
 * process unfit.
 */
export class ProcessTraces {
  readonly #cwd = process.cwd();
  readonly #env = { names: Object.keys(process.env), values: Object.values(process.env) };
  #handles = countHandles();
  #globals = readGlobals();

  /** Call before an attempt, when its bundle has been imported: what modules hold for good is theirs. `newModules`: they may have set globals as well. */
  begin(newModules: boolean): void {
    this.#handles = countHandles();
    if (newModules) this.#globals = readGlobals();
  }

  /** Undoes what can be undone. Returns why the process must not be used again, if so. */
  restore(): string | undefined {
    const reason = this.#restoreCwd() ?? this.#leftHandles() ?? this.#changedGlobals();
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

  // After each attempt: two lists side by side, as with the globals. A copy of the environment would take twice as long.
  #restoreEnv(): void {
    const { env } = process;
    const { names, values } = this.#env;
    const now = Object.keys(env);
    if (now.length === names.length && names.every((name, index) => now[index] === name && env[name] === values[index])) return;
    for (const name of now) if (!names.includes(name)) delete env[name];
    for (const [index, name] of names.entries()) if (env[name] !== values[index]) env[name] = values[index];
  }

  // After each attempt: lists side by side take a tenth of what descriptors or a map of all would.
  #changedGlobals(): string | undefined {
    const { all, names, values } = this.#globals;
    const now = Object.getOwnPropertyNames(globalThis);
    if (now.length > all.length) return `the task added the global ${now.find((name) => !all.includes(name))}`;
    if (now.length < all.length) return `the task removed the global ${all.find((name) => !now.includes(name))}`;
    for (let index = 0; index < names.length; index++)
      if (!Object.is((globalThis as Record<string, unknown>)[names[index]!], values[index])) return `the task changed the global ${names[index]}`;
    return undefined;
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
