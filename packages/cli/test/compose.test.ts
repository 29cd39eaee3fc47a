import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { CONFIG_KEYS } from "@tradewind/config";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { createProgram } from "../src/program/program.ts";

const DOCKER = join(import.meta.dirname, "../../../docker");

interface Service {
  image: string;
  command?: string[];
  environment?: Record<string, string>;
  secrets?: string[];
  healthcheck?: { test: string[] };
  restart?: string;
  user?: string;
  stop_grace_period?: string;
  depends_on?: Record<string, { condition: string }>;
}
interface Compose {
  services: Record<string, Service>;
  secrets: Record<string, { file: string }>;
}

const compose = parse(readFileSync(join(DOCKER, "compose.yaml"), "utf8"), { merge: true }) as Compose;
const services = Object.entries(compose.services);
const ours = services.filter(([, service]) => service.image.startsWith("tradewind:"));
const envNames = new Map(CONFIG_KEYS.map((key) => [key.envName, key]));

/** Whether the command line would be understood: names of commands and options, not what they do. */
function assertParses(args: readonly string[]): void {
  const program = createProgram("0");
  for (const command of allCommands(program))
    command
      .exitOverride()
      .action(() => undefined)
      .configureOutput({ writeErr: () => undefined });
  program.parse([...args], { from: "user" });
}
function allCommands(command: ReturnType<typeof createProgram>): (typeof command)[] {
  return [command, ...command.commands.flatMap((child) => allCommands(child))];
}

describe("docker/compose.yaml", () => {
  test("has all that Tradewind is made of", () => {
    expect(services.map(([name]) => name).sort()).toEqual(
      ["api", "dag-processor", "migrate", "postgres", "redis", "scheduler", "statsd-exporter", "worker-1", "worker-2"].sort(),
    );
  });

  test.each(ours)("%s: its command and its health check are commands of ours", (name, { command = [], healthcheck }) => {
    expect(() => assertParses(command)).not.toThrow();
    expect(() => assertParses(["no-such-command"])).toThrow();
    if (name === "migrate") return;
    const [how, program, ...args] = healthcheck!.test;
    expect([how, program]).toEqual(["CMD", "tradewind"]);
    expect(() => assertParses(args)).not.toThrow();
    expect(args[1]).toBe(command[0]);
  });

  test.each(ours)("%s: sets keys that exist, secrets from files that are mounted", (_name, { environment = {}, secrets = [] }) => {
    for (const [name, value] of Object.entries(environment)) {
      const isFile = name.endsWith("_FILE");
      const key = envNames.get(isFile ? name.slice(0, -"_FILE".length) : name);
      expect({ name, isKnown: key !== undefined, isSecret: key?.isSecret && name !== "TRADEWIND__REDIS__URL" }).toEqual({
        name,
        isKnown: true,
        isSecret: isFile,
      });
      if (isFile) expect(secrets.map((secret) => `/run/secrets/${secret}`)).toContain(value);
    }
    for (const secret of secrets) expect(Object.values(environment)).toContain(`/run/secrets/${secret}`);
  });

  test("workers have no way to the database, nor the keys of people's tokens and of connections", () => {
    for (const [name, { environment = {}, secrets = [] }] of ours.filter(([, service]) => service.command?.[0] === "worker")) {
      const forbidden = [...Object.keys(environment), ...secrets].filter((one) => /DATABASE|database|FERNET|fernet|TRADEWIND__API__|^api_/.test(one));
      expect({ name, forbidden }).toEqual({ name, forbidden: [] });
    }
  });

  test("images are pinned to a release; every secret has a file that make-secrets.sh makes; every service is started again and checked", () => {
    const script = readFileSync(join(DOCKER, "make-secrets.sh"), "utf8");
    for (const [name, service] of services) {
      expect({ name, image: service.image }).toEqual({ name, image: expect.stringMatching(/:v?\d+\.\d+(\.\d+)?(-[a-z]+)?$/) });
      expect({ name, restart: service.restart, isChecked: service.healthcheck !== undefined }).toEqual(
        name === "migrate" ? { name, restart: "no", isChecked: false } : { name, restart: "unless-stopped", isChecked: true },
      );
      for (const secret of service.secrets ?? []) expect(compose.secrets).toHaveProperty(secret);
      for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
        expect(compose.services).toHaveProperty(other);
        expect(condition).toBe(other === "migrate" ? "service_completed_successfully" : "service_healthy");
      }
    }
    for (const [name, { file }] of Object.entries(compose.secrets)) {
      expect(file).toBe(`./secrets/${name}`);
      expect(script).toContain(`make ${name} `);
    }
  });

  test("a worker that is stopped has more time than it takes to drain", () => {
    for (const [, service] of ours.filter(([, one]) => one.command?.[0] === "worker")) {
      const drain = service.command![service.command!.indexOf("--drain-timeout") + 1]!;
      expect(Number.parseInt(service.stop_grace_period!, 10)).toBeGreaterThan(Number.parseInt(drain, 10) + 10);
    }
  });
});

describe("docker/Dockerfile", () => {
  const dockerfile = readFileSync(join(DOCKER, "Dockerfile"), "utf8");

  test("sets keys that exist, runs as nobody in particular under an init, from images that are pinned", () => {
    for (const [, name] of dockerfile.matchAll(/(TRADEWIND__\w+)=/g)) expect(envNames.has(name!)).toBe(true);
    expect(dockerfile).toMatch(/^USER 10001:10001$/m);
    expect(dockerfile).toMatch(/^ENTRYPOINT \["\/usr\/bin\/tini", "--", "tradewind"\]$/m);
    for (const [, image] of dockerfile.matchAll(/^ARG \w+_IMAGE=(\S+)$/gm)) expect(image).toMatch(/:\d+\.\d+/);
    for (const script of ["tradewind", "make-secrets.sh"]) expect(statSync(join(DOCKER, script)).mode & 0o111).not.toBe(0);
  });

  test("installs with the pnpm that the workspace names", () => {
    const { devEngines } = JSON.parse(readFileSync(join(DOCKER, "../package.json"), "utf8")) as {
      devEngines: { packageManager: { version: string } };
    };
    const named = [dockerfile, readFileSync(join(DOCKER, "prune.sh"), "utf8")].flatMap((text) =>
      [...text.matchAll(/pnpm@([\d.]+)/g)].map(([, version]) => version),
    );
    expect(new Set(named)).toEqual(new Set([devEngines.packageManager.version]));
  });
});
