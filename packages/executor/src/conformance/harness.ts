import type { LogLine, TaskCommand } from "@tradewind/contract";
import type { Executor } from "../port.ts";

export interface TaskAddress {
  dagId: string;
  runId: string;
  taskId: string;
  /** Default -1: not mapped. */
  mapIndex?: number;
}

/** One attempt, as the database tells it. */
export interface AttemptFacts {
  attemptId: string;
  tryNumber: number;
  /** Its task instance's state while it is the current one, else how it ended. */
  state: string;
  /** `reason` of its failure; null: it did not fail. */
  reason: string | null;
  message: string | null;
}

/**
 * A whole Tradewind around one executor: real engine, real execution API, real database. The adapter's test gives it; the cases see no more than this, so they hold for any adapter.
 */
export interface ConformanceHarness {
  /** The adapter under test, as the scheduler uses it now: another one after `restartScheduler`. */
  executor(): Executor;
  /**
   * Makes a DAG file known and active, as a file saved in the DAG folder. The same name again replaces it: a new version. Resolves when new runs would use it.
   * @param source TypeScript; what it exports are its DAGs.
   */
  putDagFile(name: string, source: string): Promise<void>;
  /** Starts a run; gives its run id. */
  triggerDag(dagId: string): Promise<string>;
  /** Resolves with the run's final state (`success`, `failed`), rejects when it does not come in time. */
  awaitRun(dagId: string, runId: string, timeoutMs: number): Promise<string>;
  /** Resolves when the task instance is in one of these states. */
  awaitTaskState(task: TaskAddress, states: readonly string[], timeoutMs: number): Promise<void>;
  getTaskState(task: TaskAddress): Promise<string | null>;
  /** All attempts that were ever granted for the task instance, oldest first. */
  listAttempts(task: TaskAddress): Promise<AttemptFacts[]>;
  /** The command of the current attempt, as it was submitted. */
  getCommand(task: TaskAddress): Promise<TaskCommand>;
  /** What is stored of the log of one try. */
  readLog(task: TaskAddress, tryNumber: number): Promise<LogLine[]>;
  /** undefined: there is none. */
  getXCom(task: TaskAddress, key?: string): Promise<unknown>;
  /** Sets the state as a person would in the UI: a running attempt has to stop. */
  markTask(task: TaskAddress, state: "success" | "failed"): Promise<void>;
  /** SIGKILL, or what is like it, to the process or machine that carries the attempt: host, worker, pod. */
  killWorkerOf(task: TaskAddress): Promise<void>;
  /** `kill`: the scheduler dies with no chance to say anything. `stop`: in an orderly way, without draining. Another one then starts and adopts. */
  restartScheduler(how: "kill" | "stop"): Promise<void>;
  /** Everything that is on its way to a worker is lost, as when Redis is emptied; what runs is not concerned. Only where the trait `losesTransport` is set. */
  loseTransport?(): Promise<void>;
  /** Ends everything the harness started. */
  close(): Promise<void>;
}

/** What an adapter can't do by its nature; a case that needs it is left out. */
export interface ConformanceTraits {
  /** Attempts survive the scheduler's process. Default true. */
  outlivesScheduler?: boolean;
  /** Seconds an adapter may need to get a first attempt running, beyond those of the local one: pods start slowly. Default 0. */
  extraStartMs?: number;
  /** What carries attempts may lose them all at once, with none of the processes at fault. Default false. */
  losesTransport?: boolean;
}

export interface ConformanceCase {
  /** What every executor must do. */
  name: string;
  /** A bound for the whole case, without `extraStartMs`. */
  timeoutMs: number;
  needs?: "outlivesScheduler" | "losesTransport";
  run(harness: ConformanceHarness, traits: Required<ConformanceTraits>): Promise<void>;
}
