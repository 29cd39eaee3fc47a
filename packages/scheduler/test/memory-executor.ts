import type {
  AdoptableAttempt,
  AttemptGrant,
  BegunAt,
  Executor,
  ExecutorCapacity,
  ExecutorEvent,
  ExecutorStart,
  TaskCommand,
} from "@tradewind/executor";

/** An executor that holds what it is given, in memory. */
export class MemoryExecutor implements Executor {
  readonly name: string;
  /** By attempt: the last command that was submitted for it. */
  readonly held = new Map<string, TaskCommand>();
  /** Each submission, as attempt ids. */
  readonly submissions: string[][] = [];
  readonly cancelled: { attemptId: string; reason: string }[] = [];
  free: number | null = null;
  /** At hand, while it is set. */
  host: ExecutorCapacity["host"];
  /** Each time it was told of attempts that have begun. */
  readonly begun: ({ attemptIds: string[] } & BegunAt)[] = [];
  /** How often its host was to ask what has begun there. */
  catchUps = 0;
  /** Thrown by `start`, `submit` and `adopt` while it is set. */
  failure: Error | null = null;
  /** How often it was asked what it holds. */
  adoptions = 0;
  /** What is asked by `adopt` is answered when this is. */
  adoptGate: Promise<void> = Promise.resolve();
  /** Submissions wait for this. */
  gate: Promise<void> = Promise.resolve();
  /** Called with the ids of what has begun. */
  onBegun: (attemptIds: string[]) => void = () => {};
  /** Called with what was taken. */
  onTaken: (commands: readonly TaskCommand[]) => void = () => {};
  stopped: { drain: boolean; timeoutMs: number } | null = null;
  #start: ExecutorStart | null = null;

  constructor(name = "local") {
    this.name = name;
  }

  async start(start: ExecutorStart): Promise<void> {
    this.#failIfAsked();
    this.#start = start;
  }

  async submit(commands: readonly TaskCommand[]): Promise<void> {
    this.submissions.push(commands.map((command) => command.attemptId));
    await this.gate;
    this.#failIfAsked();
    for (const command of commands) this.held.set(command.attemptId, command);
    this.onTaken(commands);
  }

  async begin(grants: readonly AttemptGrant[], at: BegunAt): Promise<void> {
    const attemptIds = grants.map(({ attemptId }) => attemptId);
    this.begun.push({ attemptIds, ...at });
    await this.gate;
    this.#failIfAsked();
    this.onBegun(attemptIds);
  }

  async catchUp(): Promise<void> {
    this.catchUps += 1;
    this.#failIfAsked();
  }

  async cancel(attempts: readonly { attemptId: string; reason: string }[]): Promise<void> {
    this.cancelled.push(...attempts);
    for (const { attemptId } of attempts) this.held.delete(attemptId);
  }

  async adopt(attempts: readonly AdoptableAttempt[]): Promise<{ adopted: string[] }> {
    this.adoptions++;
    await this.adoptGate;
    this.#failIfAsked();
    return { adopted: attempts.filter(({ attemptId }) => this.held.has(attemptId)).map(({ attemptId }) => attemptId) };
  }

  capacity(): ExecutorCapacity {
    return { slots: this.free, free: this.free, ...(this.host !== undefined && { host: this.host }) };
  }

  async stop(how: { drain: boolean; timeoutMs: number }): Promise<void> {
    this.stopped = how;
  }

  tell(event: ExecutorEvent): void {
    this.#start?.onEvent(event);
  }

  #failIfAsked(): void {
    if (this.failure !== null) throw this.failure;
  }
}

/** One whose transport may lose what it took: what is not in `held` any more. */
export class LossyExecutor extends MemoryExecutor {
  async findMissing(commands: readonly TaskCommand[]): Promise<string[]> {
    if (this.failure !== null) throw this.failure;
    return commands.map(({ attemptId }) => attemptId).filter((attemptId) => !this.held.has(attemptId));
  }
}

export function command(attemptId: string, executor = "local"): TaskCommand {
  return {
    attemptId,
    taskInstanceId: 1,
    dagId: "d",
    runId: "r",
    taskId: attemptId,
    mapIndex: -1,
    tryNumber: 1,
    executor,
    queue: "default",
    priorityWeight: 1,
    bundleSha256: "0".repeat(64),
  };
}

/** A gate that opens when the test says so. */
export function gate(): { promise: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, open: resolve };
}
