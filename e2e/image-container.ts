import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "@tradewind/testkit";

/** A service of docker/compose.yaml, as far as a container is made of it. */
export interface ComposeService {
  command: string[];
  environment: Record<string, string>;
  secrets: string[];
  healthcheck: { test: string[] };
}

export interface Container {
  readonly name: string;
  output(): string;
  /** Runs a command in it; gives its exit code and what it printed. */
  exec(args: readonly string[]): { code: number; output: string };
  /** Sends a signal to its process 1, and gives the exit code it ends with. */
  end(signal: "TERM" | "KILL"): Promise<number>;
  ended(): number | undefined;
}

export interface ContainerPlace {
  /** The image's files, mounted. */
  rootfs: string;
  folder: string;
  secretsDir: string;
  /** What is mounted as /srv/tradewind, read-only. */
  projectDir: string;
}

/** Of `runc spec`, what is changed here. */
interface OciSpec {
  root: { path: string; readonly: boolean };
  hostname: string;
  process: { capabilities: Record<string, string[]>; args: string[]; env: string[] };
  linux: { namespaces: { type: string }[]; resources?: object };
  mounts: { type: string; source: string; destination: string; options: string[] }[];
}

const run = (program: string, args: readonly string[]): string =>
  execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

/** The files of an image, mounted; without a daemon. */
export function mountImage(image: string): { rootfs: string; unmount(): void } {
  const container = run("buildah", ["from", "--pull-never", image]).trim();
  return {
    rootfs: run("buildah", ["mount", container]).trim(),
    unmount() {
      run("buildah", ["umount", container]);
      run("buildah", ["rm", container]);
    },
  };
}

/**
 * A container by runc alone, as compose would make it from the service and the image: user 10001, nothing writable but what is named, no capabilities, no new privileges, tini as process 1.
 * The network is the machine's. Without resource limits: not every machine of a CI may set them.
 */
export function startContainer(name: string, service: ComposeService, env: Record<string, string>, place: ContainerPlace): Container {
  const bundle = join(place.folder, name);
  mkdirSync(bundle, { recursive: true });
  run("runc", ["spec", "--bundle", bundle]);
  const spec = JSON.parse(run("cat", [join(bundle, "config.json")])) as OciSpec;
  spec.root = { path: place.rootfs, readonly: true };
  spec.hostname = name;
  const none = Object.fromEntries(Object.keys(spec.process.capabilities).map((kind) => [kind, []]));
  const user = { uid: 10_001, gid: 10_001 };
  const fixed = { terminal: false, user, cwd: "/srv/tradewind", rlimits: undefined, capabilities: none, noNewPrivileges: true };
  const environment = { ...IMAGE_ENV, ...service.environment, ...env };
  spec.process = {
    ...spec.process,
    ...fixed,
    args: ["/usr/bin/tini", "--", "tradewind", ...service.command],
    env: Object.entries(environment).map(([key, value]) => `${key}=${value}`),
  };
  spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) => type !== "network" && type !== "cgroup");
  delete spec.linux.resources;
  const bind = (source: string, destination: string) => ({ type: "bind", source, destination, options: ["rbind", "ro"] });
  spec.mounts.push(
    bind(place.projectDir, "/srv/tradewind"),
    ...service.secrets.map((secret) => bind(join(place.secretsDir, secret), `/run/secrets/${secret}`)),
    { type: "tmpfs", source: "tmpfs", destination: "/tmp", options: ["nosuid", "nodev", "mode=1777"] },
    { type: "tmpfs", source: "tmpfs", destination: "/var/lib/tradewind", options: ["nosuid", "nodev", "uid=10001", "gid=10001", "mode=0750"] },
  );
  writeFileSync(join(bundle, "config.json"), JSON.stringify(spec));
  return follow(name, bundle);
}

/** ENV of docker/Dockerfile. */
const IMAGE_ENV = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  NODE_ENV: "production",
  TRADEWIND_HOME: "/var/lib/tradewind",
  TRADEWIND__LOGS__FORMAT: "json",
  TRADEWIND__DAGS__LOAD_EXAMPLES: "false",
};

function follow(name: string, bundle: string): Container {
  const id = `tradewind-test-${process.pid}-${name}`;
  const child = spawn("runc", ["run", "--bundle", bundle, id], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  let code: number | undefined;
  child.once("exit", (exitCode, signal) => (code = exitCode ?? (signal === null ? 1 : 255)));
  return {
    name,
    output: () => output,
    exec(args) {
      try {
        return { code: 0, output: run("runc", ["exec", id, ...args]) };
      } catch (error) {
        const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
        return { code: status, output: `${stdout}${stderr}` };
      }
    },
    async end(signal) {
      if (code === undefined) run("runc", ["kill", id, signal]);
      return until(`the end of ${name} after ${signal}`, () => code, 60_000);
    },
    ended: () => code,
  };
}
