import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { makeInstallation, until } from "@tradewind/testkit";
import { expect, onTestFinished, test } from "vitest";

interface ConnectionTest {
  token: string;
  connection_id: string;
  state: string;
  result_message: string | null;
}

test("a runner host without any task tries a connection that people ask for, and what works is stored", async () => {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers.authorization);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;

  const { rest, start } = await makeInstallation({ env: { TRADEWIND__API__TEST_CONNECTION: "enabled" } });
  await Promise.all([start("api-server"), start("scheduler")]);
  const body = { connection_id: "service", conn_type: "http", host: "http://127.0.0.1", port, login: "ann", password: "s3cret-word" };
  const queued = await rest.call<ConnectionTest>("POST", "/connections/enqueue-test", { ...body, commit_on_success: true });
  expect(queued).toEqual({ token: expect.any(String), connection_id: "service", state: "pending" });
  const headers = { "airflow-connection-test-token": queued.token };
  const poll = () => rest.call<ConnectionTest>("GET", "/connections/enqueue-test", undefined, headers);
  const ended = await until("the end of the test", async () => {
    const now = await poll();
    return now.state !== "pending" && now.state !== "running" && now;
  });
  expect(ended).toMatchObject({ state: "success", result_message: `http://127.0.0.1:${port} answered with 200 OK.` });
  expect(asked).toEqual([`Basic ${Buffer.from("ann:s3cret-word").toString("base64")}`]);
  expect(await rest.call("GET", "/connections/service")).toMatchObject({ host: "http://127.0.0.1", login: "ann", password: "***" });
});
