export { createRestClient } from "./rest-client.ts";
export type { RestClient, RestClientOptions } from "./rest-client.ts";
export { isRestApiError, RestApiError } from "./rest-api-error.ts";
export type { RequestProblem } from "./rest-api-error.ts";
export type { components, operations, paths } from "./schema.gen.ts";
