/** Runs one attempt and ends: what the image of a pod would start. */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { TaskCommand } from "@tradewind/contract";
import { createExecutionApiClient } from "@tradewind/contract/client";
import { RunnerHost } from "@tradewind/runner";

interface Settings {
  hostId: string;
  executor: string;
  executionApiUrl: string;
  hostToken: string;
  command: TaskCommand;
  folder: string;
}

const { hostId, executor, executionApiUrl, hostToken, command, folder } = JSON.parse(readFileSync(0, "utf8")) as Settings;
const say = (fields: object, message: string): void => console.error(message, fields);
const host = new RunnerHost({
  hostId,
  executor,
  hostname: hostname(),
  version: "0.1.0",
  client: createExecutionApiClient({ baseUrl: executionApiUrl, hostToken }),
  slots: 1,
  queues: [],
  maxAhead: 0,
  // One attempt, and no other with the answer to its end.
  source: { onAnswered: () => undefined, onRoom: () => undefined, mayTakeNext: () => false },
  stateDir: join(`${folder}-hosts`, command.attemptId),
  logger: { debug: () => undefined, info: () => undefined, warn: say, error: say },
});
await host.start();
host.deliver([command]);
await host.empty();
await host.stop({ drain: true, timeoutMs: 0 });
process.exit();
