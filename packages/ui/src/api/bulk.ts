import { RestApiError, type components } from "@tradewind/client";

type BulkResponse = components["schemas"]["BulkResponse"];

/** What a bulk request of the REST API did; it answers with 200 also where single ones failed. @throws RestApiError for the first of those */
export function bulkDone(answer: BulkResponse | undefined, action: "create" | "update" | "delete"): readonly string[] {
  const part = answer?.[action];
  const [failure] = part?.errors ?? [];
  if (failure !== undefined) {
    const { error, status_code: status } = failure as { error?: string; status_code?: number };
    throw new RestApiError({ status: status ?? 400, code: "bulk_failed", message: error ?? "A part of it did not work." });
  }
  return part?.success ?? [];
}
