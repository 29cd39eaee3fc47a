import type { SyntaxNode } from "nunjucks/src/nodes.js";
import { isTemplate, parseTemplate } from "../templates/jinja-parser.ts";
import { TemplateProblem } from "../templates/template-problem.ts";

/**
 * What a text among the inputs of a YAML task stands for, when it is one expression and nothing else:
 * `{{ ti.xcom_pull('extract') }}` a task's result, `{{ group.file }}` what a mapped group gets, `{{ loop.index }}` and `{{ loop.previous }}` what a loop gives. Parts may follow: `.rows[0]`.
 */
export type Reference =
  | { kind: "xcom"; taskId: string; key: string; path: string[] }
  | { kind: "group"; name: string; path: string[] }
  | { kind: "loop"; name: "index" | "previous"; path: string[] };

/** Null: the text is no template. @throws TemplateProblem for a template that is no reference: inputs are values, and are not rendered */
export function readReference(text: string): Reference | null {
  if (!isTemplate(text)) return null;
  const [only, ...others] = (parseTemplate(text)["children"] as SyntaxNode[]).flatMap((node) =>
    node.typename === "Output" ? (node["children"] as SyntaxNode[]) : [node],
  );
  const reference = only === undefined || others.length > 0 ? null : referenceOf(only);
  if (reference !== null) return reference;
  throw new TemplateProblem(
    "inputs are values and references, and no other templates: {{ ti.xcom_pull('task') }}, {{ group.name }}, {{ loop.index }}, {{ loop.previous }}. Write other templates in the operator's options",
  );
}

function referenceOf(node: SyntaxNode): Reference | null {
  const path: string[] = [];
  let target = node;
  while (target.typename === "LookupVal") {
    const part = literalOf(target["val"] as SyntaxNode);
    if (typeof part !== "string" && typeof part !== "number") return null;
    path.unshift(String(part));
    target = target["target"] as SyntaxNode;
  }
  if (target.typename === "FunCall") return pullOf(target, path);
  const [name, ...rest] = path;
  if (target.typename !== "Symbol" || name === undefined) return null;
  if (target["value"] === "group") return { kind: "group", name, path: rest };
  return target["value"] === "loop" && (name === "index" || name === "previous") ? { kind: "loop", name, path: rest } : null;
}

/** `ti.xcom_pull('extract')`, also with `task_ids=` and `key=`. */
function pullOf(call: SyntaxNode, path: string[]): Reference | null {
  const name = call["name"] as SyntaxNode;
  const owner = name["target"] as SyntaxNode | undefined;
  const isPull = name.typename === "LookupVal" && literalOf(name["val"] as SyntaxNode) === "xcom_pull";
  if (!isPull || owner?.typename !== "Symbol" || !["ti", "task_instance"].includes(owner["value"] as string)) return null;
  const given: Record<string, unknown> = {};
  for (const [index, argument] of ((call["args"] as SyntaxNode)["children"] as SyntaxNode[]).entries()) {
    if (argument.typename !== "KeywordArgs") given[["task_ids", "dag_id", "key"][index] ?? ""] = literalOf(argument);
    else
      for (const pair of argument["children"] as SyntaxNode[])
        given[(pair["key"] as SyntaxNode)["value"] as string] = literalOf(pair["value"] as SyntaxNode);
  }
  const { task_ids: taskId, key = "return_value", ...others } = given;
  if (typeof taskId !== "string" || typeof key !== "string" || Object.keys(others).length > 0) return null;
  return { kind: "xcom", taskId, key, path };
}

function literalOf(node: SyntaxNode): unknown {
  return node.typename === "Literal" ? node["value"] : undefined;
}
