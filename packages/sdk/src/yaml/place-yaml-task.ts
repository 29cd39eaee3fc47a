import type { Json } from "@tradewind/core";
import { OPERATOR } from "../definition.ts";
import type { Operator } from "../operator.ts";
import type { TaskContainer } from "../task-container.ts";
import type { TaskFactory } from "../task-factory.ts";
import type { TaskOptions } from "../task-options.ts";
import { withJinja, type JinjaScope } from "../templates/jinja-scope.ts";
import type { Build, Path } from "./build-state.ts";
import { KINDS, type TaskDocument } from "./dag-schema.ts";
import type { GroupInputs } from "./input-references.ts";
import type { Wiring } from "./task-fields.ts";
import { isTrue, renderIn } from "./template-handlers.ts";
import { callbackFunctions } from "./notifiers.ts";
import { yamlError, yamlSite } from "./yaml-document.ts";

interface Placement {
  id: string;
  task: TaskDocument;
  path: Path;
  groupId: string | null;
  inputs: GroupInputs;
}

type AnyFactory = TaskFactory<Record<string, unknown>, unknown>;

/** Places one task. Its edges are drawn when all tasks are there. */
export function placeTask(build: Build, container: TaskContainer, { id, task, path, groupId, inputs }: Placement): void {
  const kind = KINDS.get(task.operator)!;
  const {
    operator: _operator,
    after: _after,
    setup: _setup,
    teardown: _teardown,
    inputs: given,
    expand,
    expandKwargs,
    mapIndexTemplate,
    skipIf,
    runIf,
    ...options
  } = task as TaskDocument & Wiring;
  const scope: JinjaScope = { dag: build.dag, options: task };
  const made = kind.make(id, { ...callbackFunctions(scope, options), ...conditionOptions(scope, { mapIndexTemplate, skipIf, runIf }) });
  const operator: Operator<never, unknown> = { [OPERATOR]: { ...made[OPERATOR], handler: withJinja(scope, made[OPERATOR].handler) } };
  const factory = container.task(operator) as unknown as AnyFactory;
  const constants = inputs.read(build, given ?? {}, [...path, "inputs"], groupId) as Record<string, unknown>;
  const before = new Set(build.dag.tasks.keys());
  if (expand !== undefined && expandKwargs !== undefined)
    throw yamlError(`Task "${id}" has expand and expandKwargs. Give it one of them.`, build.document.placeOfKey([...path, "expandKwargs"]), {
      taskId: id,
    });
  if (expand !== undefined) factory.partial(constants).expand(inputs.read(build, expand, [...path, "expand"], groupId) as never);
  else if (expandKwargs !== undefined)
    factory.partial(constants).expandKwargs(inputs.read(build, expandKwargs, [...path, "expandKwargs"], groupId) as never);
  else factory(constants);
  const site = yamlSite(build.document.placeOfKey(path));
  for (const placed of build.dag.tasks.values()) if (!before.has(placed.taskId)) placed.site = site;
}

/** Options that are functions in TypeScript and templates in YAML. */
function conditionOptions(scope: JinjaScope, { mapIndexTemplate, skipIf, runIf }: Wiring): TaskOptions {
  const options: TaskOptions = {};
  const ask = (text: string, name: string, context: object) => renderIn<Json>(scope, text, context, { name, native: true });
  if (skipIf !== undefined) options.skipIf = async (context) => isTrue(await ask(skipIf, "skipIf", context));
  if (runIf !== undefined) options.runIf = async (context) => isTrue(await ask(runIf, "runIf", context));
  if (mapIndexTemplate !== undefined) {
    options.mapIndexTemplate = (context) =>
      renderIn(scope, mapIndexTemplate, context, { name: "mapIndexTemplate", names: { result: () => context.result ?? null } });
  }
  return options;
}
