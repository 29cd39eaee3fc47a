import { execFile, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export const IMAGE = "localhost/tradewind-test:1";

/** Podman's API on a socket of its own, with a store of its own and one image: a shell, `sleep` and `cat` of this machine. */
export interface PodmanService {
  socketPath: string;
  podman(...args: string[]): Promise<string>;
  stop(): Promise<void>;
}

/** undefined, and why: there is no podman here, or it can't run containers. */
export async function startPodman(): Promise<{ service: PodmanService } | { service: undefined; why: string }> {
  const directory = mkdtempSync(join(tmpdir(), "sdk-podman-"));
  const conf = join(directory, "containers.conf");
  // Locks of its own: those in shared memory are one set for all stores of a user, and each new store frees them all, also those that another service holds.
  const locks = `lock_type="file"\ntmp_dir="${join(directory, "libpod")}"\n`;
  const limits = `[containers]\ndefault_ulimits=["nofile=1024:1024","nproc=1024:1024"]\n`;
  writeFileSync(
    conf,
    `${limits}[engine]\ncgroup_manager="cgroupfs"\nevents_logger="file"\n${locks}${existsSync("/usr/sbin/runc") ? 'runtime="runc"\n' : ""}`,
  );
  const env = { ...process.env, CONTAINERS_CONF: conf };
  const base = ["--root", join(directory, "store"), "--runroot", join(directory, "run"), "--storage-driver", "vfs"];
  const podman = async (...args: string[]) => (await run("podman", [...base, ...args], { env, timeout: 60_000 })).stdout.trim();
  const remove = async () => {
    await podman("rm", "--all", "--force", "--time", "0").catch(() => undefined);
    await podman("unshare", "true").catch(() => undefined);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await podman("import", await makeRootFs(directory), IMAGE);
    await podman("run", "--rm", "--network", "none", IMAGE, "/bin/sh", "-c", "exit 0");
  } catch (error) {
    await remove();
    return { service: undefined, why: String((error as { stderr?: string }).stderr || error) };
  }
  const socketPath = join(directory, "api.sock");
  const api = spawn("podman", [...base, "system", "service", "--time=0", `unix://${socketPath}`], { env, stdio: "ignore" });
  const ended = new Promise((resolve) => api.once("exit", resolve));
  const deadline = Date.now() + 20_000;
  while (!existsSync(socketPath) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  const stop = async () => {
    api.kill("SIGTERM");
    await ended;
    await remove();
  };
  return { service: { socketPath, podman, stop } };
}

/** A tar of a few programs with the libraries they need. */
async function makeRootFs(directory: string): Promise<string> {
  const root = join(directory, "rootfs");
  for (const program of ["/bin/sh", "/bin/sleep", "/bin/cat"]) {
    const { stdout } = await run("ldd", [program]);
    for (const file of [program, ...Array.from(stdout.matchAll(/(\/\S+) \(0x/g), ([, path]) => path!)]) {
      mkdirSync(join(root, dirname(file)), { recursive: true });
      copyFileSync(file, join(root, file));
    }
  }
  await run("tar", ["-C", root, "-cf", join(directory, "image.tar"), "."]);
  return join(directory, "image.tar");
}
