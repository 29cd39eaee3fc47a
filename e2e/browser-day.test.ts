import { writeFileSync } from "node:fs";
import { ADMIN_PASSWORD, type Installation, makeInstallation } from "@tradewind/testkit";
import type { Locator, Page } from "playwright-core";
import { expect, test } from "vitest";
import { accessibilityProblems, hasChromium, logIn, openBrowser, openPage } from "./browser/chromium.ts";
import { dagSource, gateFile } from "./dag-sources.ts";

const VIEWER = { username: "vera", password: "looks at things" };

/** A task that waits for the test, and one that fails until the test has mended something. */
function parcels(installation: Installation): string {
  const tasks = `const weigh = dag.task("weigh", async () => {
  const { city, parcels } = getContext().params;
  console.log(parcels + " parcels to " + city);
  await gate("weighed");
  console.log("weighed");
  return parcels;
});
const send = dag.task("send", async ({ parcels }) => {
  if (await access(${JSON.stringify(gateFile(installation, "van"))}).then(() => false, () => true)) throw new Error("there is no van");
  console.log("sent " + parcels);
  console.log("packed-by-hand ".repeat(60));
});
send({ parcels: weigh() });`;
  return dagSource(
    installation,
    "parcels",
    tasks,
    `params: { city: "Rome", parcels: { type: "integer", default: 2, minimum: 1, title: "Parcels" } }, tags: ["shipping"]`,
  );
}

/** The cell of a task in the newest run, by what it says. */
function cell(page: Page, task: string, state: string): Locator {
  return page
    .getByRole("row")
    .filter({ has: page.getByRole("rowheader", { name: task, exact: true }) })
    .getByRole("gridcell", { name: state, exact: true })
    .last();
}

/** How the lines of the log with a word are wrapped: on how many lines it is, how often it is cut, and by how many pixels the log is higher than was reckoned. */
const WRAPPING = `(word) => {
  const log = document.querySelector("[role=log]");
  const texts = document.createTreeWalker(log, NodeFilter.SHOW_TEXT);
  const tops = new Set();
  let cut = 0;
  for (let node = texts.nextNode(); node !== null; node = texts.nextNode()) {
    for (let at = node.data.indexOf(word); at !== -1; at = node.data.indexOf(word, at + 1)) {
      const range = document.createRange();
      range.setStart(node, at);
      range.setEnd(node, at + word.length);
      const boxes = range.getClientRects();
      tops.add(Math.round(boxes[0].top));
      if (boxes.length > 1) cut += 1;
    }
  }
  const last = [...log.querySelectorAll("[data-line]")].at(-1);
  const reckoned = last.parentElement.parentElement.getBoundingClientRect();
  return { lines: tops.size, cut, tooHigh: Math.round(last.getBoundingClientRect().bottom - reckoned.bottom) };
}`;

async function wrapping(page: Page, word: string): Promise<{ lines: number; cut: number; tooHigh: number }> {
  await page.getByRole("log").getByText(word).first().waitFor();
  return page.evaluate(`(${WRAPPING})(${JSON.stringify(word)})`);
}

test.skipIf(!hasChromium())(
  "a day of an author in the browser: trigger, watch, read, break, mend, clear",
  async () => {
    const installation = await makeInstallation();
    const { rest, saveDag } = installation;
    saveDag("parcels.ts", parcels(installation));
    const browser = await openBrowser();
    await installation.start("standalone");
    await installation.untilKnown("parcels");
    const { page, mistakes } = await openPage(browser, rest.url);

    await page.goto("/dags");
    await logIn(page, { username: "admin", password: ADMIN_PASSWORD });
    await page.getByRole("button", { name: "Trigger parcels" }).waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);

    // Trigger, with params that are checked while they are typed.
    await page.getByRole("button", { name: "Trigger parcels" }).click();
    const form = page.getByRole("dialog");
    await form.locator("input:focus[data-autofocus]").waitFor();
    await form.getByRole("textbox", { name: /city/ }).fill("Oslo");
    const count = form.getByRole("textbox", { name: /Parcels/ });
    await count.fill("0");
    await form.getByRole("button", { name: "Trigger" }).click();
    await form.locator('[aria-invalid="true"]').waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await count.fill("3");
    await form.getByRole("button", { name: "Trigger" }).click();
    await form.waitFor({ state: "detached" });

    // Watch: what happens comes by itself, the log while it is written.
    await page.goto("/dags/parcels");
    await cell(page, "weigh", "Running").click();
    await page.getByText("3 parcels to Oslo").waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    const loaded = await page.evaluate(() => performance.timeOrigin);
    writeFileSync(gateFile(installation, "weighed"), "");
    await page.getByText("weighed", { exact: true }).waitFor();
    await cell(page, "weigh", "Success").waitFor();
    await cell(page, "send", "Failed").click();
    await page.getByText("there is no van").first().waitFor();

    // Mend, and clear the failed task.
    writeFileSync(gateFile(installation, "van"), "");
    const panel = page.getByRole("region", { name: "What is selected" });
    await panel.getByRole("button", { name: "Clear", exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("region", { name: "What it touches" }).getByText("send").first().waitFor();
    expect(await accessibilityProblems(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Clear" }).click();
    await cell(page, "send", "Success").waitFor();
    await page.getByText("sent 3").waitFor();
    expect(await page.evaluate(() => performance.timeOrigin)).toBe(loaded);
    const wrapped = await wrapping(page, "packed-by-hand");
    expect(wrapped).toEqual({ lines: expect.any(Number) as number, cut: 0, tooHigh: 0 });
    expect(wrapped.lines).toBeGreaterThan(5);

    // Break the file: the error is there with its line, and goes when it is mended.
    await page.goto("/import-errors");
    await page.getByText("Every DAG file can be loaded").waitFor();
    saveDag("parcels.ts", `${parcels(installation)}throw new Error("a slip of the pen");\n`);
    const broken = page.getByRole("article", { name: "parcels.ts" });
    await broken.locator("[data-blamed]").waitFor();
    expect(await broken.locator("[data-blamed]").textContent()).toContain('throw new Error("a slip of the pen")');
    expect(await accessibilityProblems(page)).toEqual([]);
    saveDag("parcels.ts", parcels(installation));
    await page.getByText("Every DAG file can be loaded").waitFor();
    expect(mistakes).toEqual([]);

    // Who may only look is offered only that, and is refused the rest.
    await rest.call("POST", "/users", { ...VIEWER, role: "Viewer" });
    const seen = await openPage(browser, rest.url);
    await seen.page.goto("/dags/parcels");
    await logIn(seen.page, VIEWER);
    await cell(seen.page, "send", "Success").click();
    await seen.page.getByText("sent 3").waitFor();
    expect(await seen.page.getByRole("button", { name: /Trigger|Clear|Mark/ }).count()).toBe(0);
    expect(await seen.page.getByRole("button", { name: "Admin" }).count()).toBe(0);
    const answer = await seen.page.evaluate(
      async () =>
        (
          await fetch("/api/v2/dags/parcels/dagRuns", {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: '{"logical_date":null}',
          })
        ).status,
    );
    expect(answer).toBe(403);
    expect(seen.mistakes).toEqual([]);
  },
  300_000,
);
