/**
 * The pictures in docs/ui: every page, light and dark, wide and narrow, of a Tradewind that has something to show.
 *
 *     node e2e/browser/take-screenshots.ts [folder] [name …]
 *
 * It starts an installation of its own with the examples and the DAGs beside this file, and ends it. Needs Chromium.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, RestClient, until } from "@tradewind/testkit";
import { type Browser, chromium, type Page } from "playwright-core";
import { SHOTS, type Subject, untilSettled } from "./shots.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DEMO = fileURLToPath(new URL("demo", import.meta.url));
const PASSWORD = "password of the pictures";
const HOUR_MS = 3_600_000;
const HOURS = 27;
const SIZES = [
  { width: 1440, height: 900 },
  { width: 390, height: 844 },
];
const TRIGGERED = ["regions", "square_root", "hello", "branching", "setup_teardown", "thumbnails", "running_total"];
const SCHEMES = ["light", "dark"] as const;

const [folder = join(ROOT, "docs/ui"), ...names] = process.argv.slice(2);
const home = mkdtempSync(join(tmpdir(), "tw-pictures-"));
const dags = join(home, "dags");
const port = await freePort();
const url = `http://127.0.0.1:${port}`;

mkdirSync(dags);
for (const name of ["warehouse_refresh.ts", "train_model.ts"]) {
  const begin = new Date(Math.floor(Date.now() / HOUR_MS) * HOUR_MS - HOURS * HOUR_MS).toISOString();
  writeFileSync(join(dags, name), readFileSync(join(DEMO, name), "utf8").replace('startDate: "2026-01-01"', `startDate: "${begin}"`));
}
const server = spawn(process.execPath, [join(ROOT, "scripts/launch.mjs"), "start"], {
  cwd: ROOT,
  stdio: ["ignore", "ignore", "inherit"],
  env: {
    ...process.env,
    TRADEWIND_HOME: home,
    TRADEWIND__API__PORT: String(port),
    TRADEWIND__EXECUTION_API__PORT: String(await freePort()),
    TRADEWIND__SECURITY__ADMIN_PASSWORD: PASSWORD,
    TRADEWIND__API__EXPOSE_CONFIG: "true",
    TRADEWIND__DAGS__FOLDERS: JSON.stringify([dags]),
  },
});
const ended = new Promise((resolve) => server.once("exit", resolve));
try {
  const subject = await makeSubject(new RestClient(url, PASSWORD));
  const browser = await chromium.launch({ executablePath: process.env["CHROME_PATH"] ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
  try {
    mkdirSync(folder, { recursive: true });
    for (const viewport of SIZES) for (const colorScheme of SCHEMES) await takeAll(browser, subject, { viewport, colorScheme });
  } finally {
    await browser.close();
  }
} finally {
  server.kill("SIGTERM");
  await ended;
  rmSync(home, { recursive: true, force: true });
}

/** Something to look at: a day of runs with a failure now and then, tasks at work, tasks that wait, a file that is broken, and what operators keep. */
async function makeSubject(rest: RestClient): Promise<Subject> {
  await until(
    "the server",
    () =>
      fetch(`${url}/api/v2/version`).then(
        (answer) => answer.ok,
        () => false,
      ),
    120_000,
  );
  const dagIds = async () => (await rest.call<{ dags: { dag_id: string }[] }>("GET", "/dags?limit=100")).dags.map(({ dag_id }) => dag_id);
  await until(
    "the DAGs",
    async () => {
      const known = new Set(await dagIds());
      return ["warehouse_refresh", "train_model", ...TRIGGERED].every((dagId) => known.has(dagId));
    },
    60_000,
  );
  await rest.call("POST", "/pools", { name: "gpu", slots: 1, description: "The machine with the graphics card", include_deferred: false });
  await rest.call("POST", "/pools", { name: "warehouse", slots: 6, description: "Sessions that the warehouse grants us", include_deferred: false });
  for (const [key, value, description] of [
    ["late_after_minutes", "15", "When a load counts as late"],
    ["regions", '["north","south","islands","online"]', "What is loaded"],
    ["report_recipients", "data@example.com", "Who gets the morning report"],
  ] as const)
    await rest.call("POST", "/variables", { key, value, description });
  for (const connection of [
    {
      connection_id: "warehouse",
      conn_type: "postgres",
      host: "db.example.com",
      port: 5432,
      login: "etl",
      password: "secret",
      schema: "sales",
      extra: '{"sslmode":"require"}',
      description: "Read and written by the hourly loads",
    },
    {
      connection_id: "shop_api",
      conn_type: "http",
      host: "https://api.shop.example.com",
      password: "token",
      extra: '{"auth":"bearer"}',
      description: "Orders of the shops",
    },
    { connection_id: "mail", conn_type: "smtp", host: "smtp.example.com", login: "tradewind", password: "secret" },
  ])
    await rest.call("POST", "/connections", connection);
  for (const dagId of TRIGGERED) {
    await rest.call("PATCH", `/dags/${dagId}`, { is_paused: false });
    for (let count = 0; count < 4; count += 1) await rest.trigger(dagId);
  }
  await until(
    "a day of runs",
    async () => (await runsOf(rest, "warehouse_refresh")).filter(({ state }) => state === "success" || state === "failed").length >= HOURS - 1,
    180_000,
  );
  const training = await rest.trigger("train_model");
  writeFileSync(
    join(dags, "nightly_export.ts"),
    'import { Dag } from "tradewind";\n\nconst dag = new Dag("nightly_export", { schedule: "0 2 * * *" });\nconst rows = dag.task("extract", async () => [1, 2, 3])();\ndag.task("load", async ({ rows }: { rows: number[] }) => rows.length)({ rows: rowz });\n',
  );
  await until("the import error", async () => (await rest.call<{ total_entries: number }>("GET", "/importErrors")).total_entries === 1);
  const failed = (await runsOf(rest, "warehouse_refresh")).find(({ state }) => state === "failed");
  if (failed === undefined) throw new Error("No run of warehouse_refresh has failed: the pictures have nothing to show.");
  // So that the model has something to say.
  await new Promise((resolve) => setTimeout(resolve, 30_000));
  return { training, failed: failed.dag_run_id };
}

async function runsOf(rest: RestClient, dagId: string): Promise<{ dag_run_id: string; state: string }[]> {
  return (await rest.call<{ dag_runs: { dag_run_id: string; state: string }[] }>("GET", `/dags/${dagId}/dagRuns?limit=100`)).dag_runs;
}

async function takeAll(
  browser: Browser,
  subject: Subject,
  look: { viewport: { width: number; height: number }; colorScheme: "light" | "dark" },
): Promise<void> {
  const context = await browser.newContext({ ...look, baseURL: url, reducedMotion: "reduce" });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  for (const shot of SHOTS) {
    if (names.length > 0 && !names.includes(shot.name)) continue;
    if (shot.isLoggedOut !== true) {
      const answer = await page.request.post(`${url}/auth/login`, { data: { username: "admin", password: PASSWORD } });
      if (!answer.ok()) throw new Error(`Could not log in: ${answer.status()}`);
    }
    await page.goto(shot.path(subject));
    await untilSettled(page);
    // What is drawn after that is drawn at once; one part may have what another waits for.
    await page.waitForTimeout(800);
    await untilSettled(page);
    await shot.prepare?.(page);
    await take(page, join(folder, `${shot.name}-${look.viewport.width}-${look.colorScheme}.webp`));
  }
  await context.close();
}

/** WebP, which Playwright does not write by itself: a quarter of the size. */
async function take(page: Page, path: string): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  const { data } = await devtools.send("Page.captureScreenshot", { format: "webp", quality: 82 });
  await devtools.detach();
  writeFileSync(path, Buffer.from(data, "base64"));
  process.stdout.write(`${path}\n`);
}
