import { Dag } from "../dag.ts";
import type { DagOptions } from "../dag-options.ts";
import { DAG } from "../definition.ts";
import { cron, every, events, readSchedule, type Schedule } from "../schedule.ts";
import type { TaskContainer } from "../task-container.ts";
import type { JinjaScope } from "../templates/jinja-scope.ts";
import type { Build, Path, YamlNode } from "./build-state.ts";
import type { DagDocument, GroupDocument, TaskDocument } from "./dag-schema.ts";
import { GroupInputs } from "./input-references.ts";
import { wireTasks } from "./wire-tasks.ts";
import { callbackFunctions } from "./notifiers.ts";
import { placeTask } from "./place-yaml-task.ts";
import { atPlace, type YamlDocument, yamlError, yamlSite } from "./yaml-document.ts";

/** What the document makes, as the same definition that TypeScript would make. @throws TradewindError with a place in the document */
export function buildDag(document: YamlDocument, spec: DagDocument): Dag {
  const site = yamlSite(document.placeOf(["dagId"]));
  // The scope is complete when the DAG is; nobody asks it before.
  const scope = { options: spec } as unknown as Mutable<JinjaScope>;
  const dag = atPlace(document.placeOf(["dagId"]), () => new Dag(spec.dagId, dagOptions(document, spec, scope)));
  const definition = dag[DAG];
  scope.dag = definition;
  definition.site = site;
  definition.dialect = { language: "yaml", nativeValues: spec.renderTemplateAsNativeObj === true };
  const build: Build = { dag: definition, document, nodes: nodesOf(document, spec) };
  fillContainer(build, dag, spec, [], null, new GroupInputs(null));
  wireTasks(build, dag, spec);
  return dag;
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

function dagOptions(document: YamlDocument, spec: DagDocument, scope: JinjaScope): DagOptions {
  const { $schema: _, dagId: _id, tasks: _tasks, groups: _groups, renderTemplateAsNativeObj: _native, schedule, ...options } = spec;
  const given = atPlace(document.placeOf(["schedule"]), () => scheduleOf(schedule, spec.timezone));
  const { defaultArgs = {}, ...own } = options;
  return { ...(callbackFunctions(scope, own) as DagOptions), schedule: given, defaultArgs: callbackFunctions(scope, defaultArgs) };
}

function scheduleOf(schedule: DagDocument["schedule"], timezone = "UTC"): Schedule | undefined {
  if (typeof schedule !== "object" || schedule === null || Array.isArray(schedule)) {
    // Read here as well, while the place of a mistake is known.
    readSchedule(schedule, timezone);
    return schedule;
  }
  if ("cron" in schedule) {
    const { cron: lines, ...options } = schedule;
    return cron(lines, options);
  }
  if ("every" in schedule) {
    const { every: distance, ...options } = schedule;
    return every(distance, options);
  }
  const { events: instants, ...options } = schedule;
  return events(instants, options);
}

interface Container {
  tasks?: Record<string, unknown>;
  groups?: Record<string, GroupDocument>;
}

/** All ids of a document, tasks and groups, with the prefixes of the groups around them. */
function nodesOf(document: YamlDocument, spec: DagDocument): Map<string, YamlNode> {
  const nodes = new Map<string, YamlNode>();
  const add = (node: YamlNode) => {
    const taken = nodes.get(node.id);
    if (taken !== undefined) {
      throw yamlError(
        `The id "${node.id}" is that of ${taken.kind === "task" ? "a task" : "a group"} already. Give one of the two another name.`,
        document.placeOfKey(node.path),
        { dagId: spec.dagId },
      );
    }
    nodes.set(node.id, node);
  };
  const visit = (container: Container, path: Path, groupId: string | null, prefix: string) => {
    for (const id of Object.keys(container.tasks ?? {})) add({ kind: "task", id: prefix + id, path: [...path, "tasks", id], groupId });
    for (const [id, group] of Object.entries(container.groups ?? {})) {
      const groupPath = [...path, "groups", id];
      add({ kind: "group", id: prefix + id, path: groupPath, groupId });
      visit(group, groupPath, prefix + id, group.prefixGroupId === false ? prefix : `${prefix}${id}.`);
    }
  };
  visit(spec, [], null, "");
  return nodes;
}

/** Places what a DAG or a group holds, in the order in which it is written. */
function fillContainer(build: Build, container: TaskContainer, spec: Container, path: Path, groupId: string | null, inputs: GroupInputs): void {
  const { document } = build;
  for (const [id, task] of Object.entries(spec.tasks ?? {})) {
    const taskPath = [...path, "tasks", id];
    atPlace(document.placeOfKey(taskPath), () => placeTask(build, container, { id, task: task as TaskDocument, path: taskPath, groupId, inputs }));
  }
  for (const [id, group] of Object.entries(spec.groups ?? {})) {
    const groupPath = [...path, "groups", id];
    atPlace(document.placeOfKey(groupPath), () => placeGroup(build, container, id, group, groupPath, inputs));
  }
}

function placeGroup(build: Build, container: TaskContainer, id: string, spec: GroupDocument, path: Path, outer: GroupInputs): void {
  const { displayName, tooltip, prefixGroupId, retries, retryDelay } = spec;
  const group = container.taskGroup(id, {
    displayName,
    tooltip,
    prefixGroupId,
    retries,
    retryDelay,
    defaultArgs: callbackFunctions({ dag: build.dag, options: { ...spec } }, spec.defaultArgs ?? {}),
  });
  const { groupId } = group;
  build.dag.groups.get(groupId)!.site = yamlSite(build.document.placeOfKey(path));
  const fill = (inner: TaskContainer, inputs: GroupInputs) => fillContainer(build, inner, spec, path, groupId, inputs);
  const mapping = outer.mappingOf(build, spec, path, groupId);
  if (mapping !== null && spec.loop !== undefined)
    throw yamlError(
      `Group "${groupId}" has both a mapping and a loop. Put one group inside the other.`,
      build.document.placeOfKey([...path, "loop"]),
    );
  if (mapping !== null) mapping(group, fill, outer);
  else if (spec.loop !== undefined) outer.loopOf(build, spec.loop, [...path, "loop"], group, fill);
  else fill(group, outer);
}
