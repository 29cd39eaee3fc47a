import { ADMIN_PASSWORD, makeInstallation } from "@tradewind/testkit";
import { expect, test } from "vitest";
import { hasChromium, logIn, openBrowser, openPage } from "./browser/chromium.ts";

const SOURCE = `import { Dag } from "tradewind";
export const live = new Dag("live", { isPausedUponCreation: false });
live.task("quick", async () => {})();
`;

/** Far less than what a page that hears of changes waits before it asks by itself, and enough for a machine that is busy with other tests. */
const TOLD_WITHIN_MS = 20_000;

test.skipIf(!hasChromium())(
  "an open page hears of changes; a server that goes away is told in words, and what happened meanwhile is there when it is back",
  async () => {
    const installation = await makeInstallation();
    const browser = await openBrowser();
    const { rest, start } = installation;
    const [server] = await Promise.all([start("api-server"), start("dag-processor"), start("scheduler")]);
    installation.saveDag("live.ts", SOURCE);
    await installation.untilKnown("live");

    const { page } = await openPage(browser, rest.url);
    await page.goto("/dags/live");
    const streams: string[] = [];
    page.on("request", (request) => {
      if (new URL(request.url()).pathname === "/ui/live") streams.push(request.url());
    });
    await logIn(page, { username: "admin", password: ADMIN_PASSWORD });
    const sign = (words: string) => page.getByRole("button", { name: `System: ${words}` });
    await sign("Healthy").waitFor();
    await expect.poll(() => streams.length).toBe(1);

    // Once more than when the stream begins: from then on only what is told has the page ask again.
    for (const runs of [1, 2]) {
      const asked = page.waitForResponse((response) => new URL(response.url()).pathname === "/ui/grid/live", { timeout: TOLD_WITHIN_MS });
      await rest.trigger("live");
      await asked;
      expect(await installation.untilRunsEnded("live", runs, 30_000)).toEqual({ success: runs });
    }

    await server.end("SIGKILL");
    await page.getByRole("button", { name: /^System: (No connection|Changes come late)/ }).waitFor({ timeout: TOLD_WITHIN_MS });
    await start("api-server");
    const askedAnew = page.waitForResponse((response) => new URL(response.url()).pathname === "/ui/grid/live" && response.ok(), { timeout: 60_000 });
    await sign("Healthy").waitFor({ timeout: 60_000 });
    await askedAnew;
    expect(streams.length).toBeGreaterThan(1);
    expect(new URL(streams.at(-1)!).searchParams.get("last_event_id")).toMatch(/^[0-9a-f]{12}-\d+$/);
  },
);
