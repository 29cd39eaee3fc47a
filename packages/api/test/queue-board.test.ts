import type { FastifyPluginCallback } from "fastify";
import { describe, expect, it } from "vitest";
import { useTestServer } from "./test-server.ts";

let refreshed = 0;
/** As little as pages of somebody else are: routes that know nothing of access. */
const plugin: FastifyPluginCallback = (app, _options, done) => {
  app.get("/", async (_request, reply) => reply.type("text/html").send("<p>queues</p>"));
  app.put("/api/queues/pause", async () => ({ paused: true }));
  done();
};
const server = useTestServer({ queueBoard: { plugin, refresh: async () => void (refreshed += 1) } });

describe("/queues", () => {
  it("is for operators", async () => {
    const answers = await Promise.all((["Viewer", "User", "Op", "Admin"] as const).map((role) => server.call("GET", "/queues", { role })));
    expect(answers.map((answer) => answer.statusCode)).toEqual([403, 403, 200, 200]);
    // Nothing was asked of Redis for those who may not see it.
    expect(refreshed).toBe(2);
  });

  it("changes nothing, whoever asks and whatever the pages offer", async () => {
    const statusOf = async (role: "Viewer" | "User" | "Op" | "Admin") => (await server.call("PUT", "/queues/api/queues/pause", { role })).statusCode;
    expect(await Promise.all((["Viewer", "User", "Op", "Admin"] as const).map(statusOf))).toEqual([403, 403, 405, 405]);
  });

  it("sends browsers without a session to where one begins, and refuses programs", async () => {
    const browser = await server.call("GET", "/queues?status=failed", { role: null, headers: { accept: "text/html,*/*" } });
    expect([browser.statusCode, browser.headers["location"]]).toEqual([302, "/?next=%2Fqueues%3Fstatus%3Dfailed"]);
    for (const [method, url] of [
      ["GET", "/queues"],
      ["GET", "/queues/"],
      ["PUT", "/queues/api/queues/pause"],
      ["HEAD", "/queues"],
    ] as const) {
      expect((await server.app.inject({ method, url })).statusCode).toBe(401);
    }
  });

  it("may use this server's scripts and styles, and nothing from anywhere else", async () => {
    const policy = String((await server.call("GET", "/queues", { role: "Op" })).headers["content-security-policy"]);
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval|script-src[^;]*unsafe-inline/);
  });
});
