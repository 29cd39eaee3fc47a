import { ADMIN_PASSWORD, makeInstallation, until } from "@tradewind/testkit";
import { expect, test } from "vitest";
import { accessibilityProblems, hasChromium, openBrowser, openPage } from "./browser/chromium.ts";
import { SHOTS, untilSettled } from "./browser/shots.ts";
import { dagSource } from "./dag-sources.ts";

/** What the pages are about here, under the names that the list of pages has. */
const TASKS = {
  warehouse_refresh: `const quality = dag.taskGroup("quality", (group) => group.task("row_counts", async () => { throw new Error("too few rows"); })());
dag.task("load", async () => 1)();`,
  train_model: `dag.task("train_prophet", async () => { console.log("epoch 1"); await gate("never"); })();
dag.task("train_boosting", async () => 1, { pool: "gpu" })();`,
};
const LOOKS = [
  { viewport: { width: 1440, height: 900 }, colorScheme: "light" },
  { viewport: { width: 390, height: 844 }, colorScheme: "dark" },
] as const;

test.skipIf(!hasChromium())(
  "every page is for everybody: WCAG AA, wide and light as well as narrow and dark; none is wider than the screen",
  async () => {
    const installation = await makeInstallation({ env: { TRADEWIND__API__EXPOSE_CONFIG: "true" } });
    const { rest, saveDag } = installation;
    for (const [dagId, tasks] of Object.entries(TASKS)) saveDag(`${dagId}.ts`, dagSource(installation, dagId, tasks));
    const browser = await openBrowser();
    await installation.start("standalone");
    await installation.untilKnown(...Object.keys(TASKS));
    await rest.call("POST", "/pools", { name: "gpu", slots: 0 });
    await rest.call("POST", "/connections", { connection_id: "warehouse", conn_type: "postgres", host: "db.example.com", password: "secret" });
    await rest.call("POST", "/variables", { key: "regions", value: '["north"]' });
    saveDag("broken.ts", 'import { Dag } from "tradewind";\nnew Dag("broken").task("a", nothing);\n');
    const [training, failed] = [await rest.trigger("train_model"), await rest.trigger("warehouse_refresh")];
    await until("a run that has failed, and a file that is broken", async () => {
      const { state } = await rest.call<{ state: string }>("GET", `/dags/warehouse_refresh/dagRuns/${encodeURIComponent(failed)}`);
      return state === "failed" && (await rest.call<{ total_entries: number }>("GET", "/importErrors")).total_entries > 0;
    });

    const problems: Record<string, string[]> = {};
    for (const look of LOOKS) {
      const { page, mistakes } = await openPage(browser, rest.url, look);
      for (const shot of SHOTS) {
        if (shot.isLoggedOut !== true) await page.request.post("/auth/login", { data: { username: "admin", password: ADMIN_PASSWORD } });
        await page.goto(shot.path({ training, failed }));
        await untilSettled(page);
        await shot.prepare?.(page);
        const found = await accessibilityProblems(page);
        if ((await page.evaluate("document.documentElement.scrollWidth - innerWidth")) !== 0) found.push("it is wider than the screen");
        if (found.length > 0) problems[`${shot.name}, ${look.viewport.width}`] = found;
      }
      expect(mistakes).toEqual([]);
    }
    expect(problems).toEqual({});
  },
  // Some fifty pages, on a machine that may be busy with other tests; what hangs is found by the waits for it.
  600_000,
);
