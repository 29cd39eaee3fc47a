import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import axe from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { onTestFinished } from "vitest";

const PLACES = [process.env["CHROME_PATH"], "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

function findChromium(): string | undefined {
  return PLACES.find((path) => path !== undefined && existsSync(path));
}

/** Whether there is a browser to test with. In CI there has to be. */
export function hasChromium(): boolean {
  if (findChromium() !== undefined) return true;
  const message =
    "Chromium is not installed: tests of the user interface are left out. Install it, as in `apt-get install chromium`, or set CHROME_PATH.";
  if (process.env["CI"]) throw new Error(message);
  console.warn(message);
  return false;
}

function buildUi(): void {
  execFileSync(process.execPath, [join(ROOT, "scripts/launch.mjs"), "build-ui"], { stdio: ["ignore", "inherit", "inherit"] });
}

/** Builds the pages where their sources have changed, and starts a browser that ends with the test. */
export async function openBrowser(): Promise<Browser> {
  buildUi();
  // A container's root has no user namespaces to make a sandbox of; the pages are our own.
  const browser = await chromium.launch({ executablePath: findChromium()!, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  onTestFinished(() => browser.close());
  return browser;
}

/** A page of its own session. What goes wrong in its scripts is in `mistakes`. */
export async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<{ page: Page; mistakes: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, baseURL: url, reducedMotion: "reduce", ...options });
  // What is waited for comes at once, or late on a machine that is busy with other tests: a wait says how long at most.
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const mistakes: string[] = [];
  page.on("pageerror", (error) => mistakes.push(error.message));
  return { page, mistakes };
}

export async function logIn(page: Page, { username, password }: { username: string; password: string }): Promise<void> {
  await page.getByRole("textbox", { name: "User name" }).fill(username);
  await page.getByRole("textbox", { name: "Password" }).fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}

/**
 * What is against WCAG 2.1 AA on the page as it is now: rule, what to do, where. The size of targets, which 2.2 added, is not asked: bars and tags in a row of a table are small, and what
 * they lead to can be reached by larger ones.
 */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  // Not as a script of the page: its content security policy would not let one in.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(async () =>
    (globalThis as unknown as { axe: typeof axe }).axe.run({
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"],
      resultTypes: ["violations"],
    }),
  );
  return violations.map(({ id, help, nodes }) => {
    const places = nodes.map(({ target, failureSummary = "" }) => `    ${target.join(" ")}: ${failureSummary.replaceAll(/\s+/gu, " ")}`);
    return `${id}: ${help}\n${places.join("\n")}`;
  });
}
