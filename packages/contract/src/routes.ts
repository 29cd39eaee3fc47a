/**
 * Paths of the execution API, relative to its base URL (default `http://127.0.0.1:8080/execution/v1`). Host routes take the host token, attempt routes the attempt token.
 *
 * | route | method | token | body → answer |
 * |---|---|---|---|
 * | `hosts` | POST | host | HostRegistration → HostRegistrationResponse |
 * | `exchange` | POST | host | ExchangeRequest → ExchangeResponse |
 * | `heartbeat` | POST | host | HeartbeatRequest → HeartbeatResponse |
 * | `connection-tests` | POST | host | ConnectionTestReport → 204 |
 * | `logs` | POST | host | LogRequest → 204 |
 * | `bundles/{sha256}` | GET | host | → the module's text, immutable |
 * | `bundles/{sha256}/map` | GET | host | → its newest source map, JSON; 404 when there is none |
 * | `attempt/inputs` | GET | attempt | → the handler's inputs, JSON (runners that know of no functions to apply to them) |
 * | `attempt/resolved-inputs` | GET | attempt | → AttemptInputs |
 * | `attempt/xcom` | POST | attempt | XComQuery → XComAnswer |
 * | `attempt/xcom` | PUT | attempt | XComWrite → 204 |
 * | `attempt/rendered-fields` | PUT | attempt | RenderedFieldsWrite → 204 |
 * | `attempt/variables/{key}` | GET, PUT, DELETE | attempt | VariableAnswer / VariableWrite → 204 / 204, or 404 when there was none |
 * | `attempt/connections/{id}` | GET | attempt | ConnectionAnswer |
 * | `attempt/dag-runs` | POST | attempt | TriggerRequest → RunAnswer |
 * | `attempt/dag-runs/{dagId}/{runId}` | GET | attempt | RunAnswer |
 * | `attempt/task-states` | POST | attempt | TaskStatesQuery → TaskStatesAnswer |
 *
 * A refusal carries `{ code, message }`, with a code of core's catalogue.
 */
export const EXECUTION_ROUTES = {
  hosts: "hosts",
  exchange: "exchange",
  heartbeat: "heartbeat",
  connectionTests: "connection-tests",
  logs: "logs",
  bundle: (sha256: string) => `bundles/${sha256}`,
  bundleMap: (sha256: string) => `bundles/${sha256}/map`,
  inputs: "attempt/inputs",
  resolvedInputs: "attempt/resolved-inputs",
  xcom: "attempt/xcom",
  renderedFields: "attempt/rendered-fields",
  variable: (key: string) => `attempt/variables/${encodeURIComponent(key)}`,
  connection: (connectionId: string) => `attempt/connections/${encodeURIComponent(connectionId)}`,
  dagRuns: "attempt/dag-runs",
  dagRun: (dagId: string, runId: string) => `attempt/dag-runs/${encodeURIComponent(dagId)}/${encodeURIComponent(runId)}`,
  taskStates: "attempt/task-states",
} as const;

/**
 * The largest body, in bytes, that a server of the execution API takes: room for one result of the default limit (16 MiB), whose text is escaped once more inside the request.
 */
export const EXECUTION_BODY_LIMIT_BYTES = 40 * 1024 * 1024;
