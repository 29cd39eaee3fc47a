import { writeFileSync } from "node:fs";
import { ADMIN_PASSWORD, hasRedisServer, until } from "@tradewind/testkit";
import { expect, test } from "vitest";
import { accessibilityProblems, hasChromium, logIn, openBrowser, openPage } from "./browser/chromium.ts";
import { makeBullMqInstallation } from "./bullmq-installation.ts";
import { dagSource, gateFile, readWitnesses } from "./dag-sources.ts";

const TASKS = `for (const name of ["load", "report"]) dag.task(name, async () => { note("begin"); await gate("end"); }, { queue: "gpu" })();`;

test.skipIf(!hasRedisServer() || !hasChromium())(
  "the page Workers: who is there, how full, with what; a worker is drained and resumed there, and what waits in Redis is one step away",
  async () => {
    // Before the server: it builds the pages.
    const browser = await openBrowser();
    const { installation, startWorker } = await makeBullMqInstallation({ concurrency: 4, env: { TRADEWIND__DAGS__ALLOWED_QUEUES: "gpu" } });
    installation.saveDag("busy.ts", dagSource(installation, "busy", TASKS));
    await installation.untilKnown("busy");
    await startWorker("north", "--queues", "default,gpu");
    await installation.rest.trigger("busy");
    await until("both tasks at work", () => readWitnesses(installation).length === 2);

    const { page, mistakes } = await openPage(browser, installation.rest.url);
    await page.goto("/workers");
    await logIn(page, { username: "admin", password: ADMIN_PASSWORD });
    const row = page.getByRole("region", { name: "Workers" }).getByRole("row").filter({ hasText: "north" });
    const shows = (...words: string[]) => Promise.all(words.map((word) => row.getByText(word, { exact: true }).waitFor()));
    await shows("Running", "2 of 4", "default, gpu", "bullmq");
    const queue = page.getByRole("region", { name: "Queues" }).getByRole("row").filter({ hasText: "gpu" });
    const counted = () => expect.poll(() => queue.getByRole("cell").allTextContents(), { timeout: 60_000 });
    await counted().toEqual(["gpu", "bullmq", "0", "0", "2", "1", "4"]);
    expect(await accessibilityProblems(page)).toEqual([]);

    await row.getByRole("button", { name: "north", exact: true }).click();
    const tasks = page.getByRole("table", { name: "Tasks that it runs" });
    for (const name of ["load", "report"]) await tasks.getByRole("link", { name, exact: true }).waitFor();
    await page.keyboard.press("Escape");

    await row.getByRole("button", { name: "Drain north" }).click();
    await shows("Draining");
    writeFileSync(gateFile(installation, "end"), "");
    await shows("Drained", "0 of 4");
    await installation.rest.trigger("busy");
    // It is drained: what is new waits.
    await counted().toEqual(["gpu", "bullmq", "0", "2", "0", "0", "0"]);
    expect(readWitnesses(installation)).toHaveLength(2);
    await row.getByRole("button", { name: "Resume north" }).click();
    await shows("Running");
    expect(await installation.untilRunsEnded("busy", 2, 30_000)).toEqual({ success: 2 });

    const opened = page.waitForEvent("popup");
    await page.getByRole("link", { name: "What is in Redis" }).click();
    const board = await opened;
    await board.getByText("gpu", { exact: true }).first().waitFor();
    expect(mistakes).toEqual([]);
  },
);
