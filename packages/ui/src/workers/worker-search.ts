/** Whose running tasks are shown. */
export interface WorkerSearch {
  worker?: string;
}

export function readWorkerSearch({ worker }: Record<string, unknown>): WorkerSearch {
  return typeof worker === "string" ? { worker } : {};
}
