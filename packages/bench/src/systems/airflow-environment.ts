import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder } from "./cache-folder.ts";

const run = promisify(execFile);

const REQUIREMENTS = ["apache-airflow>=3,<4", "psycopg2-binary", "asyncpg"];
const INSTALL_TIMEOUT_MS = 15 * 60_000;

/** The peer cannot be measured on this machine; the message says why and what would help. */
export class PeerUnavailable extends Error {}

export interface AirflowEnvironment {
  /** The `airflow` program. */
  readonly program: string;
  readonly bin: string;
  readonly versions: { airflow: string; python: string };
}

/** Finds Airflow in the cache, or installs the newest 3.x that pip gives; an environment that was not completed is made again. */
export async function prepareAirflow(say: (text: string) => void): Promise<AirflowEnvironment> {
  const python = await findPython();
  const folder = join(cacheFolder(), `airflow-python${python.split(".").slice(0, 2).join(".")}`);
  const bin = join(folder, "bin");
  const stamp = join(folder, "complete");
  if (!existsSync(stamp)) {
    say(`installing Apache Airflow into ${folder} (once; about a minute) …`);
    await install(folder, bin);
    await writeFile(stamp, `${REQUIREMENTS.join("\n")}\n`);
  }
  const { stdout } = await run(join(bin, "python"), ["-c", "from importlib.metadata import version; print(version('apache-airflow'))"]);
  return { program: join(bin, "airflow"), bin, versions: { airflow: stdout.trim(), python } };
}

async function findPython(): Promise<string> {
  try {
    const { stdout } = await run("python3", ["-c", "import sys; print('.'.join(map(str, sys.version_info[:3])))"]);
    const [major = 0, minor = 0] = stdout.trim().split(".").map(Number);
    if (major === 3 && minor >= 10) return stdout.trim();
    throw new PeerUnavailable(`Airflow 3 needs Python 3.10 or newer, and python3 is ${stdout.trim()}. Install a newer one, with its venv module.`);
  } catch (error) {
    if (error instanceof PeerUnavailable) throw error;
    throw new PeerUnavailable(
      "Airflow needs Python, and there is no python3 on the PATH. Install Python 3.10 or newer, with its venv module and pip.",
      {
        cause: error,
      },
    );
  }
}

async function install(folder: string, bin: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  try {
    await run("python3", ["-m", "venv", folder]);
    await run(join(bin, "pip"), ["install", "--quiet", "--disable-pip-version-check", ...REQUIREMENTS], { timeout: INSTALL_TIMEOUT_MS });
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim().split("\n").slice(-5).join("\n") ?? "";
    throw new PeerUnavailable(`Tried to install ${REQUIREMENTS.join(", ")} into ${folder}: ${String(error)}\n${said}`, { cause: error });
  }
}
