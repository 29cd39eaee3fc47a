import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import type { Operator, TemplateContext } from "../src/index.ts";
import { classifyError } from "../src/internal.ts";
import { docker } from "../src/operators/index.ts";
import { MemoryRuntime } from "./memory-runtime.ts";
import { IMAGE, startPodman } from "@tradewind/testkit/stand-ins";
import { runOperator } from "./run-operator.ts";

const { service, ...rest } = await startPodman();
if (service === undefined) console.warn(`These tests are skipped, they need a podman that can run containers: ${(rest as { why: string }).why}`);

let runtime: MemoryRuntime;
beforeEach(() => {
  runtime = new MemoryRuntime();
  const fields = { description: null, port: null, login: null, password: null, schema: null, extra: {} };
  runtime.connections.set("engine", { connectionId: "engine", connType: "docker", host: `unix://${service?.socketPath}`, ...fields });
});
afterAll(() => service?.stop());

const base = { image: IMAGE, connection: "engine", network: "none" };
const run = (operator: Operator<never, unknown>, inputs = {}) => runOperator(runtime, operator, inputs);
const containers = () => service!.podman("ps", "--all", "--quiet");

describe.skipIf(service === undefined)("docker, by Podman's API", { timeout: 60_000 }, () => {
  it("runs a container, logs both streams, and results in the last line of stdout", async () => {
    const operator = docker("t", {
      ...base,
      command: ({ ds, inputs }: TemplateContext<{ n: number }>) => `echo one; echo bad >&2; echo "two $MODE ${ds} ${inputs.n} ñ"`,
      env: { MODE: "full" },
    });
    expect(await run(operator, { n: 3 })).toBe("two full 2026-01-31 3 ñ");
    expect(runtime.lines("stdout")).toEqual(["one", "two full 2026-01-31 3 ñ"]);
    expect(runtime.lines("stderr")).toEqual(["bad"]);
    expect(await containers()).toBe("");
  });

  it("gives all lines with xcomAll, and arguments as they are", async () => {
    const operator = docker("t", { ...base, entrypoint: ["/bin/sh", "-c"], command: ['echo "$0"; echo b', "a  $x"], xcomAll: true });
    expect(await run(operator)).toEqual(["a  $x", "b"]);
  });

  it("mounts folders, and sets where and as whom it runs", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sdk-docker-"));
    writeFileSync(join(folder, "in"), "from the host");
    const mounts = [
      { source: folder, target: "/data" },
      { source: folder, target: "/fixed", readOnly: true },
    ];
    const command = "cat in; echo; echo out > /data/out; echo no > /fixed/no || echo read-only; pwd";
    expect(await run(docker("t", { ...base, mounts, workingDir: "/data", command, xcomAll: true }))).toEqual(["from the host", "read-only", "/data"]);
    expect(readFileSync(join(folder, "out"), "utf8")).toBe("out\n");
  });

  it.each<[string, object, string]>([
    ["exit 0", {}, "success"],
    ["exit 3", {}, "error"],
    ["exit 3", { skipOnExitCode: [3, 4] }, "skip"],
  ])("ends %j with %j as %s", async (command, options, kind) => {
    const thrown = await run(docker("t", { ...base, command, ...options })).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(thrown === undefined ? "success" : classifyError(thrown).kind).toBe(kind);
    expect(await containers()).toBe("");
  });

  it("leaves the container when it is asked to", async () => {
    await run(docker("t", { ...base, command: "exit 0", autoRemove: "success" }));
    expect(await containers()).toBe("");
    await expect(run(docker("t", { ...base, command: "exit 5", autoRemove: "success" }))).rejects.toThrow("ended with exit code 5");
    expect(await containers()).not.toBe("");
    // A later try lets it be: it has ended.
    await run(docker("t", { ...base, command: "exit 0" }));
    expect(await containers()).not.toBe("");
    await service!.podman("rm", "--all");
  });

  it("stops the container with the task, also one that ignores the signal", async () => {
    const started = new Promise<void>((resolve) => {
      runtime.onLog = ({ stream }) => stream === "stdout" && resolve();
    });
    const running = run(docker("t", { ...base, command: "trap '' TERM; echo up; while true; do sleep 1; done" })).catch((error: unknown) => error);
    await started;
    runtime.controller.abort(new Error("cancelled by ann"));
    expect(await running).toMatchObject({ message: "cancelled by ann" });
    expect(await containers()).toBe("");
  });

  it("removes what an earlier try of the same task has left running, and nothing else", async () => {
    const leave = (labels: Record<string, string>) =>
      service!.podman(
        "run",
        "--detach",
        "--network",
        "none",
        ...Object.entries(labels).flatMap(([name, value]) => ["--label", `${name}=${value}`]),
        IMAGE,
        "/bin/sleep",
        "100",
      );
    const place = { "tradewind.dag_id": "d", "tradewind.run_id": "manual__1", "tradewind.task_id": "t", "tradewind.map_index": "-1" };
    await leave({ ...place, "tradewind.attempt_id": "0198" });
    const other = await leave({ ...place, "tradewind.task_id": "u" });
    await run(docker("t", { ...base, command: "exit 0" }));
    expect(other.startsWith(await containers())).toBe(true);
    expect(runtime.lines().some((line) => line.includes("which an earlier try has left"))).toBe(true);
    await service!.podman("rm", "--all", "--force", "--time", "0");
  });

  it("names an image that is not there, and one that can't be pulled", async () => {
    const image = "localhost:1/no/such:tag";
    await expect(run(docker("t", { ...base, image, pull: "never" }))).rejects.toThrow(`has no image "${image}", and pull is "never"`);
    await expect(run(docker("t", { ...base, image }))).rejects.toThrow(
      /Image "localhost:1\/no\/such:tag" could not be pulled by the engine at .*connection refused/s,
    );
  });
});
