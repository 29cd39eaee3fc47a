import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const CLIENT = "apache-airflow-client==3.3.2";
const INSTALL_TIMEOUT_MS = 120_000;

/** Python with Airflow's client: made once in the folder for temporary files, and found there again. A text says why there is none. */
export function pythonWithClient(): { python: string } | { missing: string } {
  const place = join(tmpdir(), `tradewind-${CLIENT.replace("==", "-")}`);
  const python = join(place, "bin", "python");
  if (existsSync(python)) return { python };
  const draft = mkdtempSync(`${place}-`);
  try {
    // Paths in it are not moved with it, but Python and its packages are found all the same.
    execFileSync("python3", ["-m", "venv", draft], { stdio: "pipe", timeout: INSTALL_TIMEOUT_MS });
    execFileSync(join(draft, "bin", "python"), ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", CLIENT], {
      stdio: "pipe",
      timeout: INSTALL_TIMEOUT_MS,
    });
    if (!existsSync(python)) renameSync(draft, place);
    return { python };
  } catch (error) {
    const [line = ""] = String(error).split("\n");
    return { missing: `Python with ${CLIENT} could not be made: ${line}` };
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
