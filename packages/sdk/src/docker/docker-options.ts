import type { Json } from "@tradewind/core";
import type { NoInputs } from "../inputs.ts";
import type { Templated } from "../operator.ts";
import type { TaskOptions } from "../task-options.ts";
import type { DockerMount } from "./container-spec.ts";
import type { PullPolicy } from "./pull-image.ts";

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
