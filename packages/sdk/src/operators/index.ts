/** Ready-made tasks. Add one to a DAG with `dag.add(bash("load", { … }))`, or `dag.task(bash(…))` to call or map it like any other task. */
export { bash, type BashOptions } from "./bash.ts";
export { empty } from "./empty.ts";
export { type BodyOf, http, type HttpOptions, type HttpResponse } from "./http.ts";
export { sql, type SqlOptions, type SqlRow } from "./sql.ts";
export { triggerDagRun, type TriggerDagRunOptions, type TriggeredRun } from "./trigger-dag-run.ts";
