import type { Page } from "playwright-core";

/** What the pictures are of. */
export interface Subject {
  /** A run of `train_model` with a task at work and others that wait. */
  training: string;
  /** A failed run of `warehouse_refresh`. */
  failed: string;
}

export interface Shot {
  name: string;
  path: (subject: Subject) => string;
  isLoggedOut?: boolean;
  /** What is done before the picture is taken. */
  prepare?: (page: Page) => Promise<void>;
}

const run = encodeURIComponent;

/** Waits until nothing on the page says that it is still being fetched or laid out. */
export async function untilSettled(page: Page): Promise<void> {
  await page.locator("h1, h2").first().waitFor();
  await page.locator('.mantine-Loader-root, [aria-busy="true"], [aria-label="Loading"]').first().waitFor({ state: "detached" });
}

/** Every page, in the order in which docs/ui.md shows them. */
export const SHOTS: readonly Shot[] = [
  { name: "log-in", path: () => "/", isLoggedOut: true },
  { name: "home", path: () => "/" },
  { name: "dags", path: () => "/dags" },
  { name: "dag", path: ({ failed }) => `/dags/warehouse_refresh?run=${run(failed)}` },
  { name: "dag-task", path: ({ failed }) => `/dags/warehouse_refresh?run=${run(failed)}&task=quality.row_counts` },
  { name: "why", path: ({ training }) => `/dags/train_model?run=${run(training)}&task=train_boosting` },
  { name: "task", path: ({ training }) => `/dags/train_model/runs/${run(training)}/tasks/train_prophet` },
  { name: "tries", path: ({ failed }) => `/dags/warehouse_refresh/runs/${run(failed)}/tasks/quality.row_counts?tab=tries` },
  { name: "calendar", path: () => "/dags/warehouse_refresh/calendar" },
  { name: "durations", path: () => "/dags/warehouse_refresh/durations" },
  { name: "code", path: () => "/dags/warehouse_refresh/code" },
  { name: "details", path: () => "/dags/warehouse_refresh/details" },
  { name: "trigger", path: () => "/dags/warehouse_refresh?trigger=warehouse_refresh" },
  { name: "runs", path: () => "/runs" },
  { name: "task-instances", path: () => "/task-instances" },
  { name: "import-errors", path: () => "/import-errors" },
  { name: "workers", path: () => "/workers" },
  { name: "pools", path: () => "/pools" },
  { name: "variables", path: () => "/variables" },
  { name: "connections", path: () => "/connections" },
  { name: "connection", path: () => "/connections?edit=warehouse" },
  { name: "audit", path: () => "/audit" },
  { name: "users", path: () => "/users" },
  { name: "roles", path: () => "/users?part=roles" },
  { name: "configuration", path: () => "/configuration" },
  { name: "account", path: () => "/account" },
  {
    name: "palette",
    path: () => "/dags",
    prepare: async (page) => {
      await page.keyboard.press("Control+k");
      await page.getByRole("textbox", { name: "Search", exact: true }).fill("re");
      await page.waitForTimeout(800);
    },
  },
];
