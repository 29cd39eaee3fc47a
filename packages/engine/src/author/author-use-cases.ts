import { RETURN_VALUE_KEY, TradewindError, type Json } from "@tradewind/core";
import {
  type Database,
  type Fernet,
  findDagRunState,
  findStoredConnection,
  findVariableToken,
  listTaskXComs,
  putVariableToken,
  removeVariable,
  transaction,
} from "@tradewind/metadata";
import { insertEventLog } from "@tradewind/metadata/rest";
import type { DagVersions } from "../dag-versions.ts";
import type { AuthorUseCases, ChangeUseCases, PeopleUseCases } from "../engine.ts";
import { findTaskStates } from "./task-states.ts";

/** On whose behalf author code asks. */
export interface AuthorHolder {
  dagId: string;
  runId: string;
  taskId: string;
}

export interface AuthorContext {
  /** null: it has nothing to ask for any more. */
  findHolder(id: string): Promise<AuthorHolder | null>;
  /** False: it may not write any more. */
  putXCom(id: string, xcom: { key: string; value: string; length: number | null }): Promise<boolean>;
  /** False: it may not write any more. */
  putRenderedFields(id: string, fields: string): Promise<boolean>;
  db: Database;
  fernet: Fernet;
  /** Largest XCom, in bytes of JSON. */
  maxXComBytes: number;
  triggerDagRun: PeopleUseCases["triggerDagRun"];
  noteChanges: ChangeUseCases["noteChanges"];
  versions: DagVersions;
}

/** Of one task instance: each field is cut by the runner, and no task has that many. */
const MAX_RENDERED_BYTES = 1_048_576;

/** What author code may do while its attempt holds the lease, or its callback is being run; every call checks that it still does. */
export function authorUseCases(context: AuthorContext): AuthorUseCases {
  const { db, fernet } = context;

  async function getAttempt(attemptId: string): Promise<AuthorHolder> {
    const holder = await context.findHolder(attemptId);
    if (holder === null) throw staleAttempt(attemptId);
    return holder;
  }

  return {
    async findXCom(attemptId, { taskId, key, runId, dagId, mapIndex }) {
      const attempt = await getAttempt(attemptId);
      const found = await listTaskXComs(db, {
        dagId: dagId ?? attempt.dagId,
        runId: runId ?? attempt.runId,
        taskId,
        key,
        mapIndex: mapIndex ?? null,
      });
      const [first] = found;
      if (first === undefined) return { found: false, value: null };
      // A task that is not mapped has its one value at index -1; a mapped one gives the list.
      if (mapIndex !== undefined || first.mapIndex === -1) return { found: true, value: JSON.parse(first.value) };
      return { found: true, value: found.map(({ value }) => JSON.parse(value) as Json) };
    },

    async setXCom(attemptId, { key, value }) {
      if (key === RETURN_VALUE_KEY)
        throw new TradewindError("invalid_request", `The key "${RETURN_VALUE_KEY}" is the task's result: return the value from the handler instead.`);
      const text = JSON.stringify(value ?? null);
      const bytes = Buffer.byteLength(text);
      if (bytes > context.maxXComBytes) {
        throw new TradewindError(
          "payload_too_large",
          `The XCom "${key}" of attempt "${attemptId}" has ${bytes} bytes, more than the ${context.maxXComBytes} allowed: store it elsewhere and pass a reference.`,
        );
      }
      if (!(await context.putXCom(attemptId, { key, value: text, length: lengthOf(value) }))) throw staleAttempt(attemptId);
    },

    async setRenderedFields(attemptId, { fields }) {
      const text = JSON.stringify(fields);
      const bytes = Buffer.byteLength(text);
      if (bytes > MAX_RENDERED_BYTES) {
        throw new TradewindError(
          "payload_too_large",
          `The rendered options of attempt "${attemptId}" have ${bytes} bytes, more than the ${MAX_RENDERED_BYTES} allowed.`,
        );
      }
      if (!(await context.putRenderedFields(attemptId, text))) throw staleAttempt(attemptId);
    },

    async findVariable(attemptId, key) {
      await getAttempt(attemptId);
      const token = await findVariableToken(db, { key });
      return token === null ? { found: false, value: null } : { found: true, value: fernet.decrypt(token) };
    },

    async setVariable(attemptId, key, { value, description }) {
      const attempt = await getAttempt(attemptId);
      await transaction(db, async (tx) => {
        await putVariableToken(tx, { key, token: fernet.encrypt(value), description: description ?? null });
        // The value stays out of the audit log: it may be a secret.
        await insertEventLog(tx, { event: "post_variable", owner: actorOf(attempt), extra: { key, after: { description: description ?? null } } });
      });
      context.noteChanges({ subjects: ["variables", "event_logs"] });
    },

    async deleteVariable(attemptId, key) {
      const attempt = await getAttempt(attemptId);
      await transaction(db, async (tx) => {
        if (!(await removeVariable(tx, { key }))) throw new TradewindError("variable_not_found", `There is no variable "${key}" to delete.`);
        await insertEventLog(tx, { event: "delete_variable", owner: actorOf(attempt), extra: { key } });
      });
      context.noteChanges({ subjects: ["variables", "event_logs"] });
    },

    async findConnection(attemptId, connectionId) {
      await getAttempt(attemptId);
      const stored = await findStoredConnection(db, { connectionId });
      if (stored === null) return { found: false, connection: null };
      const decrypt = (token: string | null): string | null => (token === null ? null : fernet.decrypt(token));
      return { found: true, connection: { ...stored, password: decrypt(stored.password), extra: readExtra(decrypt(stored.extra)) } };
    },

    async triggerFromTask(attemptId, request) {
      const attempt = await getAttempt(attemptId);
      const { runId } = await context.triggerDagRun({
        dagId: request.dagId,
        runId: request.runId,
        logicalDate: request.logicalDate === undefined || request.logicalDate === null ? null : new Date(request.logicalDate),
        conf: request.conf,
        runType: "operator_triggered",
        triggeredBy: "operator",
        actor: { name: actorOf(attempt) },
      });
      return { found: true, runId, state: await findDagRunState(db, { dagId: request.dagId, runId }) };
    },

    async findTaskStates(attemptId, query) {
      await getAttempt(attemptId);
      return findTaskStates(db, context.versions, query);
    },

    async findDagRun(attemptId, dagId, runId) {
      await getAttempt(attemptId);
      const state = await findDagRunState(db, { dagId, runId });
      return { found: state !== null, runId, state };
    },
  };
}

/** A task that changes something is named as its DAG knows it. */
function actorOf({ dagId, taskId }: AuthorHolder): string {
  return `${dagId}/${taskId}`;
}

function staleAttempt(attemptId: string): TradewindError {
  return new TradewindError("stale_attempt", `Attempt "${attemptId}" does not hold its lease any more: it was lost, stopped, or has ended.`);
}

/** Members of a list or an object: what a mapped task below could expand over. */
function lengthOf(value: unknown): number | null {
  if (Array.isArray(value)) return value.length;
  return typeof value === "object" && value !== null ? Object.keys(value).length : null;
}

/** Airflow keeps `extra` as text that should be a JSON object; what is none is given under a key of its own rather than lost. */
function readExtra(text: string | null): Record<string, unknown> {
  if (text === null || text === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : { extra: value };
  } catch {
    return { extra: text };
  }
}
