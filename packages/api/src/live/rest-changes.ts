import type { ChangeSubject, ChangeUseCases } from "@tradewind/engine";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Permission } from "../auth/permissions.ts";

/** What a change that takes a permission is about. What changes runs and their tasks goes through the engine, which tells it itself. */
const SUBJECT: Partial<Record<Permission, ChangeSubject>> = {
  "pools:edit": "pools",
  "variables:edit": "variables",
  "connections:edit": "connections",
  "workers:edit": "workers",
  "users:edit": "users",
};

/** Tells who watches of every change by this scope's routes, by the permission that it took. */
export function tellChanges(app: FastifyInstance, engine: ChangeUseCases): void {
  app.addHook("onResponse", async (request, reply) => {
    if (request.method === "GET" || request.method === "HEAD" || reply.statusCode >= 400) return;
    const { access } = request.routeOptions.config;
    const subject = access === undefined || access === "public" || access === "user" || access === "anyone" ? undefined : SUBJECT[access];
    const dagId = dagIdOf(request);
    engine.noteChanges({ subjects: ["event_logs", ...(subject === undefined ? [] : [subject])], dags: dagId === undefined ? [] : [dagId] });
  });
}

function dagIdOf({ params }: FastifyRequest): string | undefined {
  const dagId = (params as { dag_id?: string } | undefined)?.dag_id;
  return dagId === "~" ? undefined : dagId;
}
