import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { useTestServer } from "./test-server.ts";

const built = mkdtempSync(join(tmpdir(), "tradewind-ui-"));
mkdirSync(join(built, "assets"));
writeFileSync(join(built, "index.html"), "<!doctype html><title>Tradewind</title>");
writeFileSync(join(built, "tradewind.svg"), "<svg/>");
writeFileSync(join(built, "assets", "index-abc.js"), "export {};");
afterAll(() => rmSync(built, { recursive: true, force: true }));

const server = useTestServer({ uiDirectory: built });
const browser = { accept: "text/html,application/xhtml+xml" };

describe("the user interface's files", () => {
  it.each(["/", "/dags", "/dags/sales?run=r1", "/dags/with.dots"])(
    "gives the page at %s, which is one of its own addresses, to nobody in particular",
    async (path) => {
      const answer = await server.call("GET", path, { role: null, headers: browser });
      expect([answer.statusCode, answer.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
      expect(answer.body).toContain("<title>Tradewind</title>");
      expect(answer.headers["cache-control"]).toBe("public, max-age=0");
    },
  );

  it("lets the page run scripts of this server only, and nobody put it into a frame", async () => {
    const policy = String((await server.call("GET", "/", { role: null, headers: browser })).headers["content-security-policy"]);
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/script-src[^;]*unsafe/);
  });

  it("keeps what is named by its content for ever", async () => {
    const answer = await server.call("GET", "/assets/index-abc.js", { role: null });
    expect([answer.statusCode, answer.headers["cache-control"]]).toEqual([200, "public, max-age=31536000, immutable"]);
    expect((await server.call("GET", "/tradewind.svg", { role: null })).headers["content-type"]).toContain("svg");
  });

  it("sends the compressed form that lies beside a file to who takes it", async () => {
    writeFileSync(join(built, "assets", "large-abc.js"), "export const large = true;");
    writeFileSync(join(built, "assets", "large-abc.js.gz"), gzipSync("export const large = true;"));
    const compressed = await server.call("GET", "/assets/large-abc.js", { role: null, headers: { "accept-encoding": "gzip" } });
    expect([compressed.headers["content-encoding"], compressed.headers["vary"]]).toEqual(["gzip", "accept-encoding"]);
    expect([compressed.headers["content-type"], compressed.headers["cache-control"]]).toEqual([
      expect.stringContaining("javascript"),
      "public, max-age=31536000, immutable",
    ]);
    expect(gunzipSync(compressed.rawPayload).toString()).toBe("export const large = true;");
    const plain = await server.call("GET", "/assets/large-abc.js", { role: null });
    expect([plain.headers["content-encoding"], plain.body]).toEqual([undefined, "export const large = true;"]);
  });

  it.each([
    "/assets/gone.js",
    "/api/v2/nothing",
    "/auth/nothing",
    "/ui/nothing",
    "/execution/v1/nothing",

    "/assets/..%2Findex.html",
  ])("answers %s with an error, not with a page", async (path) => {
    const answer = await server.call("GET", path, { role: null, headers: browser });
    expect(answer.body).not.toContain("<title>");
    expect(answer.statusCode).toBeGreaterThanOrEqual(400);
  });

  it("is not in the way of programs", async () => {
    expect((await server.call("GET", "/", { role: null })).json()).toMatchObject({ name: "Tradewind" });
    expect((await server.call("GET", "/dags", { role: null })).json()).toMatchObject({ code: "not_found" });
    expect((await server.call("POST", "/dags", { role: null, headers: browser, body: {} })).statusCode).toBe(404);
  });
});

describe("without a built user interface", () => {
  const bare = useTestServer({ uiDirectory: join(built, "not-there") });

  it("says at / what answers here, and nothing elsewhere", async () => {
    expect((await bare.call("GET", "/", { role: null, headers: browser })).body).toContain("POST /auth/token");
    expect((await bare.call("GET", "/dags", { role: null, headers: browser })).statusCode).toBe(404);
  });
});
