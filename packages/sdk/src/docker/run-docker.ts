import { errorMessage, TradewindError } from "@tradewind/core";
import { getClient } from "../client.ts";
import { connectionAs } from "../connections/connection-kinds.ts";
import { type DockerSettings, parseDockerAddress } from "../connections/docker-kind.ts";
import { SkipTask } from "../errors.ts";
import { renderTemplate, type TemplateContext } from "../operator.ts";
import { currentTaskScope } from "../runtime.ts";
import { ContainerLog } from "./container-log.ts";
import type { OutputSink } from "./container-output.ts";
import { containerLabels, containerSpec } from "./container-spec.ts";
import { DockerClient } from "./docker-client.ts";
import type { DockerOptions } from "./docker-options.ts";
import { ensureImage } from "./pull-image.ts";

/** Time between the stop signal and the end of the container by force. Shorter than the runner's patience with its child. */
const STOP_GRACE_SECONDS = 2;

type DockerRequest<Inputs> = DockerOptions<Inputs> & { xcomAll?: boolean };

/** Runs the container of a task. A module of its own, since it needs Node's HTTP client, which most tasks do not: it is loaded when a task runs. */
export async function runDocker<Inputs>(options: DockerRequest<Inputs>, context: TemplateContext<Inputs>): Promise<string | string[]> {
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
    const output = keepOutput(client, id, options.xcomAll === true, context);
    const { StatusCode: exitCode } = await client.call<{ StatusCode: number }>("POST", `/containers/${id}/wait`);
    const lines = await output.finish();
    signal.throwIfAborted();
    if (exitCode !== 0) throw await describeEnd(client, id, exitCode, options.skipOnExitCode ?? [], context);
    return lines;
  } finally {
    signal.removeEventListener("abort", onStop);
  }
}

/** Passes the output on to the log of the task; at its end gives the lines of stdout: all, or only the last. */
function keepOutput(client: DockerClient, id: string, keepAll: boolean, { log }: TemplateContext<unknown>): { finish(): Promise<string[]> } {
  const { runtime } = currentTaskScope()!;
  const kept: string[] = [];
  const sink: OutputSink = (stream, line) => {
    runtime.log({ level: "info", message: line, stream });
    if (stream !== "stdout") return;
    if (!keepAll) kept.length = 0;
    kept.push(line);
  };
  const output = new ContainerLog(client, id, sink, (message) => log.warn(message));
  output.follow();
  const finish = async () => {
    await output.finish();
    return kept;
  };
  return { finish };
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
