import { createInterface } from "node:readline";
import { TradewindError } from "@tradewind/core";
import type { DockerSettings } from "../connections/docker-kind.ts";
import type { TaskLog } from "../context.ts";
import type { DockerClient } from "./docker-client.ts";

export type PullPolicy = "missing" | "always" | "never";

/** Sees to it that the engine has an image. */
export async function ensureImage(
  client: DockerClient,
  image: string,
  { pull, registry, log, signal }: { pull: PullPolicy; registry: DockerSettings["registry"]; log: TaskLog; signal: AbortSignal },
): Promise<void> {
  const isThere = pull !== "always" && (await client.find("GET", `/images/${image}/json`, { signal })) !== undefined;
  if (isThere) return;
  if (pull === "never") {
    throw new TradewindError(
      "task_failed",
      `The engine at ${client.name} has no image "${image}", and pull is "never". Load it there, or set pull to "missing".`,
    );
  }
  log.info(`Pulling image ${image}`);
  const { name, tag } = parseImage(image);
  const headers: Record<string, string> = registry === null ? {} : { "x-registry-auth": Buffer.from(JSON.stringify(registry)).toString("base64url") };
  const answer = await client.stream("POST", "/images/create", {
    query: tag === null ? { fromImage: name } : { fromImage: name, tag },
    headers,
    signal,
  });
  // The status of the answer is good before the pull has begun: how it went is in the last of its lines.
  for await (const line of createInterface({ input: answer, crlfDelay: Infinity })) {
    if (line.trim() === "") continue;
    const { error, status, id, progressDetail } = JSON.parse(line) as { error?: string; status?: string; id?: string; progressDetail?: object };
    if (error !== undefined) throw pullFailed(image, client.name, error, registry !== null);
    if (status !== undefined && Object.keys(progressDetail ?? {}).length === 0) log.debug(id === undefined ? status : `${id}: ${status}`);
  }
}

function pullFailed(image: string, engine: string, error: string, hasLogin: boolean): TradewindError {
  const advice = hasLogin
    ? "Check the image's name, and the login of the connection."
    : "Check the image's name; for a registry that asks who you are, use a connection of the type docker with a login.";
  return new TradewindError("task_failed", `Image "${image}" could not be pulled by the engine at ${engine}: ${error}. ${advice}`);
}

/** A colon after the last slash begins the tag; a digest takes the tag's place. */
function parseImage(image: string): { name: string; tag: string | null } {
  if (image.includes("@")) return { name: image, tag: null };
  const colon = image.indexOf(":", image.lastIndexOf("/") + 1);
  return colon === -1 ? { name: image, tag: "latest" } : { name: image.slice(0, colon), tag: image.slice(colon + 1) };
}
