import { errorMessage, type Json, TradewindError } from "@tradewind/core";
import { getClient } from "../client.ts";
import { connectionAs } from "../connections/connection-kinds.ts";
import { type DockerSettings, parseDockerAddress } from "../connections/docker-kind.ts";
import { definitionError } from "../definition-error.ts";
import { readContainerOutput } from "../docker/container-output.ts";
import { containerSpec, containerLabels, type DockerMount, readMemory } from "../docker/container-spec.ts";
import { DockerClient } from "../docker/docker-client.ts";
import { ensureImage, type PullPolicy } from "../docker/pull-image.ts";
import { SkipTask } from "../errors.ts";
import type { NoInputs } from "../inputs.ts";
import { operator, type Operator, renderTemplate, type TemplateContext, type Templated, templateContext } from "../operator.ts";
import { currentTaskScope } from "../runtime.ts";
import type { TaskOptions } from "../task-options.ts";

export type { DockerMount } from "../docker/container-spec.ts";

export interface DockerOptions<Inputs = NoInputs> extends TaskOptions {
  image: Templated<string, Inputs>;
  /** A list is the program and its arguments. A text is run by `/bin/sh -c`. Default: the image's own command. */
  command?: Templated<string | readonly string[], Inputs>;
  /** In place of the image's entrypoint. */
  entrypoint?: readonly string[];
  /** Airflow's environment. */
  env?: Templated<Record<string, string>, Inputs>;
  mounts?: readonly DockerMount[];
  /** Bytes, or `"512m"`, `"2g"`. More ends the container. Airflow's mem_limit. */
  memory?: number | string;
  /** How many processors it may use, such as 0.5. */
  cpus?: number;
  /** `"bridge"`, `"host"`, `"none"`, or a network's name. Default: the engine's. Airflow's network_mode. */
  network?: string;
  workingDir?: string;
  user?: string;
  /** Name of the container. Default: one the engine makes. */
  containerName?: Templated<string, Inputs>;
  labels?: Record<string, string>;
  /** What becomes of the container when it has ended: `"force"` (default) removes it, `"success"` leaves it when it failed, `"never"` always. */
  autoRemove?: "force" | "success" | "never";
  /** `"missing"` (default): pull an image that the engine does not have; `"always"`: look for a newer one; `"never"`. Airflow's force_pull. */
  pull?: PullPolicy;
  /** Id of a connection of the type `docker`. Default: where `DOCKER_HOST` points, else /var/run/docker.sock. */
  connection?: string;
  /** Exit codes that mean "skipped". Default: none. */
  skipOnExitCode?: number | readonly number[];
  /** Further members of the API's HostConfig, for what has no option here. */
  hostConfig?: Record<string, Json>;
}

/** Time between the stop signal and the end of the container by force. Shorter than the runner's patience with its child. */
const STOP_GRACE_SECONDS = 2;

/**
 * Runs a container and waits for its end. Its output is in the task's log as it comes; the last line of stdout is the result, or all lines with `xcomAll`. Any exit code but 0 fails the
 * task. When the task is stopped the container is too; one that an earlier try left behind, because its worker died, is removed before the next begins. Works with Docker and with Podman's
 * API. Airflow's DockerOperator.
 *
 * @example
 * dag.add(docker("train", { image: "registry.example.com/train:4", command: ({ ds }) => ["train", "--day", ds], env: { MODE: "full" }, memory: "2g", mounts: [{ source: "/data", target: "/data", readOnly: true }] }));
 */
export function docker<Inputs = NoInputs>(taskId: string, options: DockerOptions<Inputs> & { xcomAll: true }): Operator<Inputs, string[]>;
export function docker<Inputs = NoInputs>(taskId: string, options: DockerOptions<Inputs> & { xcomAll?: false }): Operator<Inputs, string>;
export function docker<Inputs>(taskId: string, options: DockerOptions<Inputs> & { xcomAll?: boolean }): Operator<Inputs, string | string[]> {
  const { image, command, entrypoint, env, mounts, memory, cpus, network, workingDir, user, containerName, labels, autoRemove, pull, ...more } =
    options;
  const { connection, skipOnExitCode, hostConfig, xcomAll, ...taskOptions } = more;
  if (memory !== undefined && readMemory(memory) === undefined) {
    throw definitionError(
      `Option "memory" of task "${taskId}" is ${JSON.stringify(memory)}: it must be a number of bytes, or a text such as "512m" or "2g".`,
      { taskId },
    );
  }
  const container = { image, command, entrypoint, env, mounts, memory, cpus, network, workingDir, user, containerName, labels, hostConfig };
  const request = { ...container, autoRemove, pull, connection, skipOnExitCode, xcomAll };
  return operator<Inputs, string | string[]>(taskId, {
    operator: "docker",
    handler: (inputs) => runDocker(request, templateContext(inputs)),
    options: taskOptions,
  });
}

type DockerRequest<Inputs> = DockerOptions<Inputs> & { xcomAll?: boolean };

async function runDocker<Inputs>(options: DockerRequest<Inputs>, context: TemplateContext<Inputs>): Promise<string | string[]> {
  const settings = await settingsOf(options.connection);
  const client = new DockerClient(settings);
  const image = await renderTemplate(options.image, context);
  const spec = containerSpec(
    {
      ...options,
      image,
      command: options.command === undefined ? undefined : await renderTemplate(options.command, context),
      env: options.env === undefined ? undefined : await renderTemplate(options.env, context),
    },
    containerLabels(context),
  );
  const name = options.containerName === undefined ? undefined : await renderTemplate(options.containerName, context);
  const { log, signal } = context;
  await ensureImage(client, image, { pull: options.pull ?? "missing", registry: settings.registry, log, signal });
  await removeLeftovers(client, context);
  const { Id: id } = await client.call<{ Id: string }>("POST", "/containers/create", {
    query: name === undefined ? {} : { name },
    body: spec,
    signal,
  });
  log.info({ container: id.slice(0, 12), engine: client.name }, `Running container ${id.slice(0, 12)} of ${image}`);
  let hasFailed = true;
  try {
    const lines = await runToItsEnd(client, id, options, context);
    hasFailed = false;
    return options.xcomAll === true ? lines : (lines.at(-1) ?? "");
  } finally {
    await cleanUp(client, id, options.autoRemove ?? "force", hasFailed, context);
  }
}

async function settingsOf(connection: string | undefined): Promise<DockerSettings> {
  if (connection !== undefined) return connectionAs(await getClient().connections.get(connection), "docker");
  const address = parseDockerAddress(process.env.DOCKER_HOST);
  if (address !== undefined) return { connectionId: null, address, tls: null, registry: null };
  throw new TradewindError(
    "task_failed",
    `DOCKER_HOST is "${process.env.DOCKER_HOST}". Tasks can use unix:///path/to/docker.sock or tcp://name:2375; for anything else use a connection of the type docker.`,
  );
}

async function runToItsEnd<Inputs>(
  client: DockerClient,
  id: string,
  options: DockerRequest<Inputs>,
  context: TemplateContext<Inputs>,
): Promise<string[]> {
  const { signal } = context;
  const onStop = () => void client.call("POST", `/containers/${id}/stop`, { query: { t: STOP_GRACE_SECONDS } }).catch(() => undefined);
  signal.throwIfAborted();
  signal.addEventListener("abort", onStop, { once: true });
  try {
    await client.call("POST", `/containers/${id}/start`, { signal });
    const output = followOutput(client, id, options.xcomAll === true, context);
    const { StatusCode: exitCode } = await client.call<{ StatusCode: number }>("POST", `/containers/${id}/wait`);
    const lines = await output;
    signal.throwIfAborted();
    if (exitCode !== 0) throw await describeEnd(client, id, exitCode, options.skipOnExitCode ?? [], context);
    return lines;
  } finally {
    signal.removeEventListener("abort", onStop);
  }
}

/** Gives the lines of stdout: all, or only the last. */
async function followOutput(client: DockerClient, id: string, keepAll: boolean, { log }: TemplateContext<unknown>): Promise<string[]> {
  const { runtime } = currentTaskScope()!;
  let kept: string[] = [];
  try {
    const output = await client.stream("GET", `/containers/${id}/logs`, { query: { follow: 1, stdout: 1, stderr: 1 } });
    await readContainerOutput(output, (stream, line) => {
      runtime.log({ level: "info", message: line, stream });
      if (stream !== "stdout") return;
      if (keepAll) kept.push(line);
      else kept = [line];
    });
  } catch (error) {
    // The container's end still tells how it went.
    log.warn(`Its output can't be followed any more: ${errorMessage(error)}`);
  }
  return kept;
}

async function describeEnd(
  client: DockerClient,
  id: string,
  exitCode: number,
  skip: number | readonly number[],
  { task }: TemplateContext<unknown>,
): Promise<Error> {
  if ([skip].flat().includes(exitCode)) return new SkipTask(`the container ended with exit code ${exitCode}, which means "skip"`);
  const facts = await client.find<{ State?: { OOMKilled?: boolean; Error?: string } }>("GET", `/containers/${id}/json`);
  const why = facts?.State?.OOMKilled ? ": it used more memory than its limit allows" : facts?.State?.Error ? `: ${facts.State.Error}` : "";
  return new TradewindError(
    "task_failed",
    `The container of task "${task.taskId}" ended with exit code ${exitCode}${why}. Its output is in the log above.`,
    {
      details: { exitCode, container: id, outOfMemory: facts?.State?.OOMKilled ?? false },
    },
  );
}

/** A worker that dies can't stop its container. The next try of the same task instance does, so that there are never two. */
async function removeLeftovers<Inputs>(client: DockerClient, context: TemplateContext<Inputs>): Promise<void> {
  if (context.attempt.tryNumber === 1) return;
  const { "tradewind.attempt_id": _own, ...place } = containerLabels(context);
  const label = Object.entries(place).map(([name, value]) => `${name}=${value}`);
  // One that has ended may have been left on purpose.
  const filters = JSON.stringify({ label, status: ["created", "running", "paused"] });
  const found = await client.call<{ Id: string }[]>("GET", "/containers/json", { query: { all: 1, filters }, signal: context.signal });
  for (const { Id: id } of found) {
    context.log.warn(`Removing container ${id.slice(0, 12)}, which an earlier try has left`);
    // Podman's removal by force waits longer for the container's good will.
    await client.find("POST", `/containers/${id}/stop`, { query: { t: STOP_GRACE_SECONDS } });
    await client.find("DELETE", `/containers/${id}`, { query: { force: 1, v: 1 } });
  }
}

async function cleanUp(
  client: DockerClient,
  id: string,
  rule: "force" | "success" | "never",
  hasFailed: boolean,
  { log, signal }: TemplateContext<unknown>,
): Promise<void> {
  try {
    // Stopped by force or not, it must not go on.
    if (signal.aborted) await client.call("POST", `/containers/${id}/stop`, { query: { t: STOP_GRACE_SECONDS } });
    if (rule === "never" || (rule === "success" && hasFailed)) return;
    await client.find("DELETE", `/containers/${id}`, { query: { force: 1, v: 1 } });
  } catch (error) {
    log.warn(`Container ${id.slice(0, 12)} could not be removed: ${errorMessage(error)}`);
  }
}
