import type { NoInputs } from "../inputs.ts";
import type { Operator } from "../operator.ts";
import type { BodyOf, HttpResponse } from "../operators/http.ts";
import { assertGoodStatus, checkHttpTimeout, type HttpRequestOptions, prepareRequest, readJsonBody, sendRequest } from "../operators/http-request.ts";
import { makeSensor, type SensorResult } from "./sensor.ts";
import type { SensorOptions } from "./sensor-options.ts";
import type { PokeAnswer } from "./wait-for.ts";

type Answer = PokeAnswer<unknown> | Promise<PokeAnswer<unknown>>;

export interface HttpSensorOptions<Inputs = NoInputs, Format extends "json" | "text" = "text", Check extends Answer = boolean>
  extends Omit<SensorOptions, "timeout">, Omit<HttpRequestOptions<Inputs>, "timeout"> {
  /** How the answer is read for `check`. Default `"text"`. */
  response?: Format;
  /** Whether the answer is the one that is waited for. Default: any with a good status is. Airflow's response_check. */
  check?: (body: BodyOf<Format>, response: HttpResponse) => Check;
  /** Statuses that mean "not yet"; any other but 2xx is an error. Default `[404]`. Airflow's response_error_codes_allowlist. */
  notYetStatuses?: readonly number[];
  /** For one request. Default `"5m"`. */
  requestTimeout?: HttpRequestOptions<Inputs>["timeout"];
  /** How long to wait in all; see `SensorOptions`. */
  timeout?: SensorOptions["timeout"];
}

/**
 * Waits for an HTTP answer: a good status, and what `check` asks for. Airflow's HttpSensor.
 *
 * @example
 * dag.add(httpSensor("export_is_ready", { connection: "shop", url: ({ ds }) => `/exports/${ds}`, response: "json", check: (body) => (body as { state: string }).state === "done", mode: "reschedule" }));
 */
export function httpSensor<Inputs = NoInputs, Format extends "json" | "text" = "text", Check extends Answer = boolean>(
  taskId: string,
  options: HttpSensorOptions<Inputs, Format, Check>,
): Operator<Inputs, SensorResult<Check>> {
  const { url, method, headers, query, body, connection, requestTimeout, response: format, check, notYetStatuses = [404], ...rest } = options;
  const request = { url, method, headers, query, body, connection, timeout: requestTimeout };
  checkHttpTimeout(taskId, requestTimeout);
  return makeSensor<Inputs, SensorResult<Check>>(taskId, "http_sensor", rest, async (context) => {
    const prepared = await prepareRequest(request, context);
    const answer = await sendRequest(prepared, context);
    if (notYetStatuses.includes(answer.status)) return false;
    assertGoodStatus(answer, prepared);
    if (check === undefined) return true;
    const content = format === "json" ? readJsonBody(answer, prepared) : answer.text;
    return (await check(content as BodyOf<Format>, { status: answer.status, headers: answer.headers, url: answer.url })) as never;
  });
}
