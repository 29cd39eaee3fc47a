import { definitionError } from "../definition-error.ts";
import { readMemory } from "../docker/container-spec.ts";
import type { DockerOptions } from "../docker/docker-options.ts";
import type { NoInputs } from "../inputs.ts";
import { operator, type Operator, templateContext } from "../operator.ts";

export type { DockerMount } from "../docker/container-spec.ts";
export type { DockerOptions } from "../docker/docker-options.ts";

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
    handler: async (inputs) => (await import("../docker/run-docker.ts")).runDocker(request, templateContext(inputs)),
    options: taskOptions,
  });
}
