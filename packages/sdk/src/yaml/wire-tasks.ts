import type { Dag } from "../dag.ts";
import { TASK_GROUP } from "../definition.ts";
import { link, type Linkable, makeTaskRef, type TaskRef } from "../task-ref.ts";
import { type Build, type Path, resolveName, type YamlNode } from "./build-state.ts";
import type { DagDocument, TaskDocument } from "./dag-schema.ts";
import type { Wiring } from "./task-fields.ts";
import { atPlace, yamlError } from "./yaml-document.ts";

/** Draws the edges of all tasks and groups, makes setups and teardowns, and wires what decides. */
export function wireTasks(build: Build, dag: Dag, spec: DagDocument): void {
  for (const node of build.nodes.values()) {
    const own = valueAt(spec, node.path) as TaskDocument & Wiring;
    const names = new Names(build, node);
    const at = (name: string, make: () => void) => atPlace(build.document.placeOf([...node.path, name]), make);
    at("after", () => link(build.dag, names.nodes(own.after, "after"), [graphNode(node)]));
    if (node.kind === "group") continue;
    at(own.teardown === undefined ? "setup" : "teardown", () => wireSetup(build, node, own, names));
    at("operator", () => wireDecision(build, dag, node, own, names));
  }
}

function graphNode({ kind, id }: YamlNode): { kind: "task"; taskId: string } | { kind: "group"; groupId: string } {
  return kind === "task" ? { kind, taskId: id } : { kind, groupId: id };
}

/** Names in the options of one node. */
class Names {
  readonly #build: Build;
  readonly #node: YamlNode;

  constructor(build: Build, node: YamlNode) {
    this.#build = build;
    this.#node = node;
  }

  all(given: string | readonly string[] | undefined, ...option: Path): YamlNode[] {
    if (given === undefined) return [];
    const list = typeof given === "string" ? [given] : given;
    return list.map((name, index) => {
      const path = [...this.#node.path, ...option, ...(typeof given === "string" ? [] : [index])];
      return resolveName(this.#build, name, { groupId: this.#node.groupId, path });
    });
  }

  nodes(given: string | readonly string[] | undefined, ...option: Path) {
    return this.all(given, ...option).map(graphNode);
  }

  links(given: string | readonly string[] | undefined, ...option: Path): Linkable[] {
    const { dag } = this.#build;
    return this.all(given, ...option).map((node) => (node.kind === "task" ? makeTaskRef(dag, node.id) : { [TASK_GROUP]: { dag, groupId: node.id } }));
  }

  tasks(given: string | readonly string[] | undefined, ...option: Path): TaskRef<unknown>[] {
    return this.all(given, ...option).map((node) => {
      if (node.kind === "task") return makeTaskRef(this.#build.dag, node.id);
      throw yamlError(`"${node.id}" is a group. Name a task.`, this.#build.document.placeOf([...this.#node.path, ...option]));
    });
  }
}

function wireSetup(build: Build, node: YamlNode, { setup, teardown }: Wiring, names: Names): void {
  const ref = makeTaskRef(build.dag, node.id);
  if (setup === true && teardown !== undefined)
    throw yamlError(`Task "${node.id}" is a setup and a teardown. It can be one of them.`, build.document.placeOfKey([...node.path, "setup"]));
  if (setup === true) ref.asSetup();
  if (teardown === undefined) return;
  if (teardown === true) ref.asTeardown();
  else if (typeof teardown === "string" || Array.isArray(teardown)) ref.asTeardown({ setups: names.tasks(teardown, "teardown") });
  else ref.asTeardown({ setups: names.tasks(teardown.setups, "teardown", "setups"), onFailureFailDagRun: teardown.onFailureFailDagRun });
}

function wireDecision(build: Build, dag: Dag, node: YamlNode, task: TaskDocument, names: Names): void {
  type Texts = string | string[] | undefined;
  const { join } = task as { join?: Texts };
  if (task.operator === "if") {
    const { then, else: otherwise } = task as unknown as { then: Texts; else?: Texts };
    const sides = dag.if(makeTaskRef<boolean>(build.dag, node.id)).then(...names.links(then, "then"));
    const end = otherwise === undefined ? sides : sides.else(...names.links(otherwise, "else"));
    end.join(...names.tasks(join, "join"));
  } else if (task.operator === "switch") {
    const { cases, default: otherwise } = task as unknown as { cases: Record<string, string | string[]>; default?: Texts };
    let branch = dag.switch(makeTaskRef<string>(build.dag, node.id));
    for (const [value, targets] of Object.entries(cases)) {
      const [first, ...others] = names.links(targets, "cases", value);
      if (first === undefined)
        throw yamlError(`Case "${value}" of task "${node.id}" names no task.`, build.document.placeOf([...node.path, "cases", value]));
      branch = branch.case(value, first, ...others);
    }
    if (otherwise !== undefined) branch = branch.default(...names.links(otherwise, "default"));
    branch.join(...names.tasks(join, "join"));
  }
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((part, name) => (part as Record<string | number, unknown>)[name], value);
}
