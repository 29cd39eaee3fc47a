import { type Queryable, run, type Statement } from "../database-handle.ts";
import { type Database, transaction } from "../database.ts";

/** A statement's plan, as far as tests ask about it. */
export interface QueryPlan {
  /** Node types from the top, as `Index Scan`, `Nested Loop`. */
  readonly nodes: readonly string[];
  /** Indexes that are read, each once. */
  readonly indexes: readonly string[];
  /** Tables that are read from end to end. */
  readonly seqScans: readonly string[];
  /** As `explain` prints it: for the message of a failed test. */
  readonly text: string;
}

export interface ExplainOptions {
  /**
   * `planner`: as an ordinary connection would plan it with the statistics there are. `index-only`: sequential scans, hash and merge joins switched
   * off, as on the hot connections: shows what *can* use an index even while tables are small. Default `index-only`.
   */
  as?: "planner" | "index-only";
}

interface PlanNode {
  "Node Type": string;
  "Index Name"?: string;
  "Relation Name"?: string;
  Plans?: PlanNode[];
}

/** Plans a statement without keeping its effects: `explain` does not run it. */
export async function explainPlan(
  db: Database,
  sql: string | Statement,
  params: readonly unknown[] = [],
  options: ExplainOptions = {},
): Promise<QueryPlan> {
  const statement = typeof sql === "string" ? { text: sql, values: params } : sql;
  return transaction(db, async (tx) => {
    const value = (options.as ?? "index-only") === "planner" ? "on" : "off";
    for (const setting of ["enable_seqscan", "enable_hashjoin", "enable_mergejoin"]) await run(tx, { text: `set local ${setting} = ${value}` });
    const [row] = await run<{ "QUERY PLAN": [{ Plan: PlanNode }] }>(tx, explain("(format json)", statement));
    const lines = await run<{ "QUERY PLAN": string }>(tx, explain("", statement));
    const nodes = row ? flatten(row["QUERY PLAN"][0].Plan) : [];
    return summarize(nodes, lines.map((line) => line["QUERY PLAN"]).join("\n"));
  });
}

function explain(how: string, statement: Statement): Statement {
  return { text: `explain ${how} ${statement.text}`, values: statement.values ?? [] };
}

function flatten(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)];
}

function summarize(nodes: readonly PlanNode[], text: string): QueryPlan {
  return {
    nodes: nodes.map((node) => node["Node Type"]),
    indexes: [...new Set(nodes.flatMap((node) => node["Index Name"] ?? []))],
    seqScans: nodes.filter((node) => node["Node Type"] === "Seq Scan").flatMap((node) => node["Relation Name"] ?? []),
    text,
  };
}

/** Fails with the whole plan unless `index` is read and nothing is read from end to end. */
export function assertUsesIndex(plan: QueryPlan, index: string): void {
  if (plan.indexes.includes(index) && plan.seqScans.length === 0) return;
  throw new Error(
    `Expected index "${index}" and no sequential scan; found indexes [${plan.indexes.join(", ")}], sequential scans of [${plan.seqScans.join(", ")}]:\n${plan.text}`,
  );
}

/** Gives the planner true statistics after a test has filled its tables. */
export async function analyze(handle: Queryable): Promise<void> {
  await run(handle, { text: "analyze" });
}
