import type { Json } from "@tradewind/core";
import { templateContext } from "../operator.ts";
import type { PartRef } from "../result-ref.ts";
import { resultMembers } from "../result-ref.ts";
import type { TaskContainer, TaskGroup } from "../task-container.ts";
import { makeTaskRef } from "../task-ref.ts";
import { TemplateProblem } from "../templates/template-problem.ts";
import { type Build, type Path, resolveName } from "./build-state.ts";
import type { GroupDocument } from "./dag-schema.ts";
import { readReference } from "./references.ts";
import { isTrue, renderIn } from "./template-handlers.ts";
import { yamlError } from "./yaml-document.ts";

type Parts = Readonly<Record<string, PartRef<unknown>>>;
type Fill = (container: TaskContainer, inputs: GroupInputs) => void;
type Mapping = (group: TaskGroup<unknown>, fill: Fill, outer: GroupInputs) => void;

/** What the tasks of a group may name as `{{ group.… }}` and `{{ loop.… }}`; the nearest group that is mapped, or a loop, counts. */
export class GroupInputs {
  readonly #groupId: string | null;
  readonly #mapped: Parts | null;
  readonly #loop: Parts | null;

  constructor(groupId: string | null, mapped: Parts | null = null, loop: Parts | null = null) {
    this.#groupId = groupId;
    this.#mapped = mapped;
    this.#loop = loop;
  }

  /** Named inputs with references in them, as the builder in TypeScript takes them. */
  read(build: Build, given: unknown, path: Path, groupId: string | null): unknown {
    if (typeof given === "string") return this.#text(build, given, path, groupId);
    if (Array.isArray(given)) return given.map((item, index) => this.read(build, item, [...path, index], groupId));
    if (typeof given !== "object" || given === null) return given;
    return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, this.read(build, value, [...path, name], groupId)]));
  }

  /** How a group is multiplied; null: not at all. */
  mappingOf(build: Build, spec: GroupDocument, path: Path, groupId: string): Mapping | null {
    const { expand, expandKwargs, inputs } = spec;
    if (expand === undefined && expandKwargs === undefined) return null;
    const outside = build.dag.groups.get(groupId)!.parentId;
    const constants = this.read(build, inputs ?? {}, [...path, "inputs"], outside) as Record<string, unknown>;
    return (group, fill) => {
      const inner = (parts: object, own: TaskGroup<unknown>) => fill(own, new GroupInputs(groupId, parts as Parts, null));
      const partial = group.partial(constants);
      if (expand !== undefined) partial.expand(this.read(build, expand, [...path, "expand"], outside) as never, inner);
      else partial.expandKwargs(this.read(build, expandKwargs, [...path, "expandKwargs"], outside) as never, inner);
    };
  }

  loopOf(build: Build, loop: NonNullable<GroupDocument["loop"]>, path: Path, group: TaskGroup<unknown>, fill: Fill): void {
    const { groupId } = group;
    const { maxIterations, until } = loop;
    const scope = { dag: build.dag, options: { until } };
    const ask = async (result: Json) =>
      isTrue(await renderIn<Json>(scope, until!, templateContext<unknown>({}), { name: "until", native: true, names: { result: () => result } }));
    group.loop<Json>({ maxIterations, until: until === undefined ? undefined : ask }, (parts, own) => {
      fill(own, new GroupInputs(groupId, null, parts as unknown as Parts));
      const { id, kind } = resolveName(build, loop.result, { groupId, path: [...path, "result"] });
      if (kind === "group")
        throw yamlError(`"${loop.result}" is a group. Name the task whose result the loop goes by.`, build.document.placeOf([...path, "result"]));
      return makeTaskRef<Json>(build.dag, id);
    });
  }

  #text(build: Build, text: string, path: Path, groupId: string | null): unknown {
    const place = build.document.placeOf(path);
    const found = referenceAt(text, (message) => yamlError(`"${text}" cannot be an input: ${message}.`, place));
    if (found === null) return text;
    if (found.kind === "xcom") {
      const node = resolveName(build, found.taskId, { groupId, path });
      if (node.kind === "group") throw yamlError(`"${found.taskId}" is a group, and has no result. Name one of its tasks.`, place);
      return resultMembers({ dag: build.dag, input: { kind: "xcom", taskId: node.id, key: found.key, path: found.path }, upstream: [node.id] });
    }
    const parts = found.kind === "group" ? this.#mapped : this.#loop;
    const part = parts?.[found.name];
    if (part !== undefined) return found.path.reduce<PartRef<unknown>>((ref, name) => ref.get(name as never) as PartRef<unknown>, part);
    const known =
      parts === null
        ? `group "${this.#groupId ?? "(none)"}" is not ${found.kind === "group" ? "mapped" : "a loop"}`
        : `it has ${Object.keys(parts).join(", ")}`;
    throw yamlError(`{{ ${found.kind}.${found.name} }} is not known here: ${known}.`, place);
  }
}

function referenceAt(text: string, error: (message: string) => Error): ReturnType<typeof readReference> {
  try {
    return readReference(text);
  } catch (problem) {
    if (problem instanceof TemplateProblem) throw error(problem.message);
    throw problem;
  }
}
