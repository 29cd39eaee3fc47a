import { nearestName } from "@tradewind/core";
import type { DagDefinition } from "../definition.ts";
import { type YamlDocument, yamlError } from "./yaml-document.ts";

export type Path = readonly (string | number)[];

/** A task or a group of a document, before anything is placed: others may name it wherever they stand. */
export interface YamlNode {
  kind: "task" | "group";
  id: string;
  path: Path;
  /** The group it is in, or null. */
  groupId: string | null;
}

/** A DAG on its way from a document. */
export interface Build {
  dag: DagDefinition;
  document: YamlDocument;
  nodes: ReadonlyMap<string, YamlNode>;
}

/** What a name in `after`, `then` … of a node means: the nearest group around it is asked first. */
export function resolveName(build: Build, name: string, from: { groupId: string | null; path: Path }): YamlNode {
  for (let scope = from.groupId; ; scope = build.dag.groups.get(scope)!.parentId) {
    const prefix = scope === null ? "" : build.dag.groups.get(scope)!.prefix;
    const found = build.nodes.get(prefix + name);
    if (found !== undefined) return found;
    if (scope === null) break;
  }
  const nearest = nearestName(name, build.nodes.keys());
  const known = nearest === undefined ? `It has ${[...build.nodes.keys()].slice(0, 20).join(", ") || "none"}.` : `Did you mean "${nearest}"?`;
  throw yamlError(`There is no task or group "${name}" in DAG "${build.dag.dagId}". ${known}`, build.document.placeOf(from.path), {
    dagId: build.dag.dagId,
  });
}
