import { escapeHtml } from "../http/escape-html.ts";
import type { OpenApiDocument } from "./document.ts";

type Paths = OpenApiDocument["paths"];
type Operation = Paths[string][string];
type Schema = { [key: string]: unknown };
interface PlacedOperation {
  method: string;
  path: string;
  operation: Operation;
}

/** The document as one page that needs no script: operations by subject, then the schemas they refer to. */
export function documentPage(document: OpenApiDocument): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
  const byTag = Map.groupBy(operations, ({ operation }) => operation.tags[0] ?? "");
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(document.info.title)} REST API</title>
<style>${STYLE}</style>
<body>
<nav aria-label="Subjects"><a class="name" href="#top">REST API</a>${[...byTag.keys()].map((tag) => `<a href="#${anchor(tag)}">${escapeHtml(tag)}</a>`).join("")}<a href="#schemas">Schemas</a></nav>
<main id="top">
<h1>${escapeHtml(document.info.title)} ${escapeHtml(document.info.version)}: REST API</h1>
<p>${code(document.info.description)}</p>
<p>Send <code>Authorization: Bearer …</code> with a token of <code>POST /auth/token</code>. The same as a document for programs: <a href="/openapi.json">openapi.json</a>.</p>
${[...byTag].map(([tag, list]) => `<section id="${anchor(tag)}"><h2>${escapeHtml(tag)}</h2>${list.map(operationHtml).join("")}</section>`).join("\n")}
<section id="schemas"><h2>Schemas</h2>${Object.entries(document.components.schemas)
    .sort(([a], [b]) => a.localeCompare(b, "en"))
    .map(([name, schema]) => `<details id="schema-${name}"><summary><code>${escapeHtml(name)}</code></summary>${membersHtml(schema)}</details>`)
    .join("")}</section>
</main>
</body>
</html>
`;
}

function operationHtml({ method, path, operation }: PlacedOperation): string {
  const body = operation.requestBody?.content["application/json"]?.schema;
  const [status = "", success] = Object.entries(operation.responses)[0] ?? [];
  const answer = success?.content?.["application/json"]?.schema;
  return `<details id="${operation.operationId}"><summary><b class="${method}">${method}</b> <code>${escapeHtml(path)}</code> <span>${code(operation.summary)}</span></summary>
${operation.description === undefined ? "<p>For everybody, without a token.</p>" : `<p>${code(operation.description)}</p>`}
${parametersHtml(operation)}
${body === undefined ? "" : `<p>Body: ${typeOf(body)}</p>${membersHtml(body)}`}
<p>Answer: ${status} ${answer === undefined ? "" : typeOf(answer)}</p></details>`;
}

function parametersHtml({ parameters }: Operation): string {
  if (parameters.length === 0) return "";
  const rows = parameters.map(
    ({ name, in: place, required, schema }) =>
      `<tr><td><code>${escapeHtml(name)}</code>${required ? " *" : ""}</td><td>${place}</td><td>${typeOf(schema)}${defaultOf(schema)}</td></tr>`,
  );
  return `<div class="wide"><table><thead><tr><th>Parameter</th><th>In</th><th>Type</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
}

function membersHtml(schema: Schema): string {
  const properties = Object.entries((schema["properties"] ?? {}) as Record<string, Schema>);
  if (properties.length === 0) return schema["$ref"] === undefined ? `<p>${typeOf(schema)}</p>` : "";
  const required = (schema["required"] ?? []) as string[];
  const rows = properties.map(
    ([name, member]) =>
      `<tr><td><code>${escapeHtml(name)}</code>${required.includes(name) ? " *" : ""}</td><td>${typeOf(member)}${defaultOf(member)}</td></tr>`,
  );
  return `<div class="wide"><table><thead><tr><th>Member</th><th>Type</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
}

/** `list of TaskResponse`, `text or null`: with links to what has a name. */
function typeOf(schema: Schema): string {
  if (typeof schema["$ref"] === "string") {
    const name = schema["$ref"].split("/").at(-1)!;
    return `<a href="#schema-${escapeHtml(name)}">${escapeHtml(name)}</a>`;
  }
  const alternatives = (schema["anyOf"] ?? schema["oneOf"]) as Schema[] | undefined;
  if (alternatives !== undefined) return [...new Set(alternatives.map(typeOf))].join(" or ");
  if (Array.isArray(schema["enum"])) return schema["enum"].map((value) => `<code>${escapeHtml(JSON.stringify(value))}</code>`).join(" or ");
  if (schema["const"] !== undefined) return `<code>${escapeHtml(JSON.stringify(schema["const"]))}</code>`;
  if (schema["type"] === "array") return `list of ${typeOf((schema["items"] ?? {}) as Schema)}`;
  if (typeof schema["format"] === "string") return escapeHtml(schema["format"]);
  return typeof schema["type"] === "string" ? escapeHtml(schema["type"]) : "any";
}

function defaultOf(schema: Schema): string {
  return schema["default"] === undefined ? "" : `, else <code>${escapeHtml(JSON.stringify(schema["default"]))}</code>`;
}

function anchor(tag: string): string {
  return `tag-${tag.toLowerCase().replaceAll(" ", "-")}`;
}

/** Words between backquotes are code. */
function code(text: string): string {
  return escapeHtml(text).replaceAll(/`([^`]+)`/g, "<code>$1</code>");
}

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --link: light-dark(#0b57b8, #7ab7ff); font: 15px/1.5 system-ui, sans-serif }
body { margin: 0; display: grid; grid-template-columns: 13rem minmax(0, 1fr) }
nav { position: sticky; top: 0; align-self: start; height: 100vh; overflow: auto; padding: 1rem; box-sizing: border-box; border-right: 1px solid var(--line); display: grid; align-content: start; gap: .25rem }
nav a { color: inherit; text-decoration: none; padding: .15rem .5rem; border-radius: .3rem } nav a:hover { background: var(--soft) } nav .name { font-weight: 600 }
main { padding: 1rem 2rem 4rem; max-width: 64rem; min-width: 0 }
a { color: var(--link) } code { font-size: .9em; overflow-wrap: anywhere }
h1 { font-size: 1.5rem } h2 { margin: 2rem 0 .5rem; font-size: 1.1rem; border-bottom: 1px solid var(--line) }
details { border-bottom: 1px solid var(--line) } summary { padding: .4rem 0; cursor: pointer } summary span { opacity: .75; display: block; padding-left: 4.4rem }
b { display: inline-block; width: 3.6rem; text-align: center; font-size: .75rem; padding: .1rem 0; border-radius: .25rem; background: var(--soft) }
.GET { color: light-dark(#0b57b8, #7ab7ff) } .POST { color: light-dark(#1b6e2c, #6fd58a) } .PATCH, .PUT { color: light-dark(#8a5300, #f0b45a) } .DELETE { color: light-dark(#a81c1c, #ff8f8f) }
.wide { overflow-x: auto } table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .25rem .6rem .25rem 0; vertical-align: top; border-top: 1px solid var(--line) }
@media (max-width: 40rem) { body { display: block } nav { position: static; height: auto; grid-auto-flow: column; overflow-x: auto; white-space: nowrap; border: 0; border-bottom: 1px solid var(--line) } main { padding: .5rem 1rem 3rem } summary span { padding-left: 0 } }
`;
