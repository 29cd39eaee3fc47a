import { ADMIN_PASSWORD, makeInstallation } from "@tradewind/testkit";
import { expect, test } from "vitest";
import { accessibilityProblems, hasChromium, logIn, openBrowser, openPage } from "./browser/chromium.ts";

test.skipIf(!hasChromium())("a visitor logs in, finds what they asked for, loses the session, and goes on where they were", async () => {
  const installation = await makeInstallation();
  // Which files there are to serve, a server sees when it starts.
  const browser = await openBrowser();
  await installation.start("api-server");
  const { page, mistakes } = await openPage(browser, installation.rest.url);

  await page.goto("/dags?q=nothing");
  await page.getByRole("button", { name: "Log in" }).waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  await logIn(page, { username: "admin", password: "a guess" });
  await page.getByRole("alert").waitFor();
  expect(await page.getByRole("alert").textContent()).toContain("password");
  await logIn(page, { username: "admin", password: ADMIN_PASSWORD });
  await page.getByRole("heading", { name: "DAGs" }).waitFor();
  expect(new URL(page.url()).search).toBe("?q=nothing");
  const cookies = await page.context().cookies();
  expect(cookies).toMatchObject([{ httpOnly: true, sameSite: "Lax" }]);
  expect(await accessibilityProblems(page)).toEqual([]);

  await page.keyboard.press("Control+k");
  const palette = page.getByRole("dialog", { name: "Command palette" });
  await palette.getByRole("textbox", { name: "Search", exact: true }).fill("dark");
  expect(await accessibilityProblems(page)).toEqual([]);
  await palette.getByText("To the dark page").click();
  await page.locator('[data-mantine-color-scheme="dark"]').waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);

  // Whoever runs the installation has not allowed it: that is said, and how to.
  await page.goto("/configuration");
  await page.getByText("TRADEWIND__API__EXPOSE_CONFIG=true").waitFor();
  expect(await accessibilityProblems(page)).toEqual([]);
  await page.goto("/dags?q=nothing");
  await page.getByRole("heading", { name: "DAGs" }).waitFor();

  // As when an administrator ends the session while the page is open: the page is told, and asks nothing first.
  await installation.rest.call("DELETE", "/users/admin/sessions");
  await page.getByRole("button", { name: "Log in" }).waitFor();
  await logIn(page, { username: "admin", password: ADMIN_PASSWORD });
  await page.getByRole("heading", { name: "DAGs" }).waitFor();
  expect(new URL(page.url()).search).toBe("?q=nothing");
  expect(mistakes).toEqual([]);
});
