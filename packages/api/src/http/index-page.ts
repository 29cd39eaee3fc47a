import type { FastifyInstance } from "fastify";
import type { UiFiles } from "./ui-files.ts";
import { escapeHtml } from "./escape-html.ts";

const LINKS = {
  health: "/api/v2/monitor/health",
  version: "/api/v2/version",
  log_in: "/auth/token",
  dags: "/api/v2/dags",
  openapi: "/openapi.json",
  docs: "/docs",
} as const;

/** `GET /`: what answers here, for whoever opens the address in a browser or by a script. */
export function indexPage(app: FastifyInstance, { version, ui }: { version: string; ui: UiFiles | undefined }): void {
  app.get("/", { config: { access: "public" } }, async (request, reply) => {
    if (request.headers.accept?.includes("text/html") !== true) return { name: "Tradewind", version, links: LINKS };
    if (ui !== undefined) return ui.sendPage(reply);
    return reply.type("text/html; charset=utf-8").send(html(version));
  });
}

function html(version: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Tradewind</title>
<style>body { font: 16px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem } code { background: #8882; padding: 0 .25em }</style>
<h1>Tradewind ${escapeHtml(version)}</h1>
<p>This is the API server of a workflow scheduler. It speaks Airflow's REST API, version 2.</p>
<ul>
<li><a href="${LINKS.health}">Health</a></li>
<li><a href="${LINKS.version}">Version</a></li>
<li><code>POST ${LINKS.log_in}</code> with <code>{"username": …, "password": …}</code> gives a bearer token</li>
<li><code>GET ${LINKS.dags}</code> with that token lists the DAGs</li>
</ul>
<p>On the command line: <code>tradewind dags list</code>. <a href="${LINKS.docs}">Every path of this API</a>, also as an <a href="${LINKS.openapi}">OpenAPI document</a>.</p>
</html>
`;
}
