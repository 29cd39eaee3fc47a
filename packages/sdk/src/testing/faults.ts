/** What goes wrong in a test, and where. */
export interface Fault {
  kind: "fail" | "crash" | "timeout" | "skip";
  taskId: string;
  /** Of the try; undefined: of each. */
  attempt: number | undefined;
  /** Of a mapped task; undefined: each instance. */
  mapIndex: number | undefined;
  /** Of `fail`: what is thrown. Of the others: why. */
  error: unknown;
}

export interface FaultPlace {
  /** The number of the try, from 1. Default: each. */
  attempt?: number;
  /** Of a mapped task. Default: each instance. */
  mapIndex?: number;
}

/**
 * The task throws instead of running.
 * @param place.error What is thrown. Default: an `Error` that says so.
 * @example
 * await testDag(dag).run({ faults: [fail("load", { attempt: 1 })] }); // the second try is fine
 */
export function fail(taskId: string, place: FaultPlace & { error?: unknown } = {}): Fault {
  return fault("fail", taskId, place, place.error ?? new Error(`task "${taskId}" was told to fail`));
}

/** The task's process dies: no code of the task sees it, and retries apply. */
export function crash(taskId: string, place: FaultPlace & { message?: string } = {}): Fault {
  return fault("crash", taskId, place, place.message ?? "the process of the task ended without a result");
}

/** The task runs into its execution timeout (whether it has one or not). */
export function timeout(taskId: string, place: FaultPlace = {}): Fault {
  return fault("timeout", taskId, place, undefined);
}

/** The task skips itself. */
export function skip(taskId: string, place: FaultPlace & { message?: string } = {}): Fault {
  return fault("skip", taskId, place, place.message ?? "told to skip");
}

function fault(kind: Fault["kind"], taskId: string, { attempt, mapIndex }: FaultPlace, error: unknown): Fault {
  return { kind, taskId, attempt, mapIndex, error };
}

export function findFault(faults: readonly Fault[], at: { taskId: string; tryNumber: number; mapIndex: number }): Fault | undefined {
  return faults.find(
    ({ taskId, attempt, mapIndex }) =>
      taskId === at.taskId && (attempt === undefined || attempt === at.tryNumber) && (mapIndex === undefined || mapIndex === at.mapIndex),
  );
}
