import { isTradewindError } from "@tradewind/core";
import type { ConnectionValue } from "@tradewind/contract";
import { type AttemptApiClient, isExecutionApiError } from "@tradewind/contract/client";
import type { AuthorCall, ToChild } from "../protocol/messages.ts";
import { shownFields } from "./rendered-fields.ts";
import type { SecretMasker } from "./secret-masker.ts";

/**
 * Asks the execution API what author code wants to know. Secrets are known to the masker before author code gets them.
 */
export async function answerAuthorCall(call: AuthorCall, api: AttemptApiClient, masker: SecretMasker): Promise<unknown> {
  switch (call.method) {
    case "getVariable": {
      const answer = await api.getVariable(call.key);
      if (!answer.found) return null;
      masker.addVariable(call.key, answer.value);
      return answer.value;
    }
    case "setVariable":
      masker.addVariable(call.key, call.value);
      return api.setVariable(call.key, { value: call.value, description: call.description });
    case "deleteVariable":
      return api.deleteVariable(call.key);
    case "getConnection":
      return connectionOf(await api.getConnection(call.connectionId), masker);
    case "getXCom":
      return api.getXCom(call.address);
    case "setXCom":
      return api.setXCom({ key: call.key, value: call.value });
    case "setRenderedFields":
      return api.setRenderedFields({ fields: shownFields(call.fields, masker) });
    case "triggerDagRun": {
      const { runId, state } = await api.triggerDagRun(call.request);
      return { runId, state };
    }
    case "getTaskStates":
      return api.getTaskStates(call.query);
    case "getDagRunState": {
      const answer = await api.getDagRun(call.dagId, call.runId);
      return answer.found ? answer.state : null;
    }
  }
}

function connectionOf(answer: { found: boolean; connection: ConnectionValue | null }, masker: SecretMasker): ConnectionValue | null {
  if (!answer.found || answer.connection === null) return null;
  masker.addConnection(answer.connection);
  return answer.connection;
}

export function replyOf(call: number, value: unknown): ToChild {
  return { kind: "reply", call, ok: true, value };
}

export function refusalOf(call: number, error: unknown): ToChild {
  const code = isTradewindError(error) ? error.code : "internal";
  const message = error instanceof Error ? error.message : String(error);
  // A refusal is the author's matter, and told in the server's words; how the server was asked is ours.
  const isRefusal = isExecutionApiError(error) && error.httpStatus !== undefined && error.httpStatus < 500;
  return { kind: "reply", call, ok: false, code, message: (isRefusal ? error.told : undefined) ?? message };
}
