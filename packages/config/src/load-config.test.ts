import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, expectTypeOf, test } from "vitest";
import { createHome, defineConfig, type ExecutorChoice, listConfig, type LoadConfigOptions, loadConfig, type TradewindConfig } from "./index.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "config-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const load = (options: Partial<LoadConfigOptions> = {}) => loadConfig({ env: {}, cwd: folder, ...options });
const problemOf = async (options: Partial<LoadConfigOptions>) => {
  const error = await load(options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ code: "invalid_config" });
  return (error as Error).message;
};

describe("where values come from", () => {
  test("defaults alone are complete, and paths in them are absolute", async () => {
    const { config, home, sources, configFile } = await load();
    expect(config).toMatchObject({
      executor: [{ name: "local", package: null }],
      database: { url: null },
      api: { port: 8080 },
      scheduler: { parallelism: 128 },
    });
    expect(home).toBe(join(folder, ".tradewind"));
    expect(config.logs.dir).toBe(join(folder, ".tradewind/logs"));
    expect(config.dags.folders).toEqual([join(folder, "dags")]);
    expect(sources.get("api.port")).toEqual({ kind: "default" });
    expect(configFile).toBeNull();
  });

  test("file < environment < command line, and each value remembers its source", async () => {
    const file = join(folder, "tradewind.config.json");
    writeFileSync(file, JSON.stringify({ api: { host: "0.0.0.0", port: 1, bodyLimitBytes: 77 } }));
    const { config, sources } = await load({
      env: { TRADEWIND__API__PORT: "2", TRADEWIND__API__BODY_LIMIT_BYTES: "88" },
      overrides: { "api.port": "3" },
    });
    expect(config.api).toMatchObject({ host: "0.0.0.0", bodyLimitBytes: 88, port: 3, maximumPageLimit: 100 });
    expect(sources.get("api.host")).toEqual({ kind: "file", path: file });
    expect(sources.get("api.bodyLimitBytes")).toEqual({ kind: "env", name: "TRADEWIND__API__BODY_LIMIT_BYTES" });
    expect(sources.get("api.port")).toEqual({ kind: "option" });
  });

  test.each([
    ["ts", 'const port: number = 4; export default { api: { port }, executor: ["local", "other"] };'],
    ["mjs", 'export default { api: { port: 4 }, executor: ["local", "other"] };'],
    ["json", '{"api":{"port":4},"executor":["local","other"]}'],
    ["yaml", "api:\n  port: 4\nmetrics:\nexecutor: [local, other]\n"],
  ])("a config file in .%s", async (extension, content) => {
    writeFileSync(join(folder, `tradewind.config.${extension}`), content);
    expect((await load()).config).toMatchObject({ api: { port: 4 }, executor: [{ name: "local" }, { name: "other" }] });
  });

  test("the environment's text is read by the type of the key", async () => {
    const { config } = await load({
      env: {
        TRADEWIND__EXECUTOR: "local, other",
        TRADEWIND__DAGS__FOLDERS: '["a,b", "c"]',
        TRADEWIND__METRICS__STATSD_ON: "True",
        TRADEWIND__METRICS__PREFIX: "123",
        TRADEWIND__EXECUTION_API__LEASE_SECONDS: "7.5",
        TRADEWIND__API__PORT: "",
      },
    });
    expect(config.executor.map((executor) => executor.name)).toEqual(["local", "other"]);
    expect(config.dags.folders).toEqual([join(folder, "a,b"), join(folder, "c")]);
    expect(config.metrics).toMatchObject({ statsdOn: true, prefix: "123" });
    expect(config.executionApi.leaseSeconds).toBe(7.5);
    expect(config.api.port).toBe(8080);
  });

  test("a secret may come from a file", async () => {
    writeFileSync(join(folder, "url"), "postgres://me:pw@db/tw\n");
    const { config, sources } = await load({ env: { TRADEWIND__DATABASE__URL_FILE: "url" } });
    expect(config.database.url).toBe("postgres://me:pw@db/tw");
    expect(sources.get("database.url")).toEqual({ kind: "secret-file", name: "TRADEWIND__DATABASE__URL_FILE", path: join(folder, "url") });
  });
});

describe("what is refused", () => {
  test("all problems at once, each with its place, what was found, and the nearest key", async () => {
    writeFileSync(join(folder, "tradewind.config.yaml"), "api:\n  prot: 9\nscheduler: 5\nexecuter: local\nlogs:\n  level: loud\n");
    const message = await problemOf({ env: { TRADEWIND__SCHEDULER__PARALELISM: "3", TRADEWIND__API__PORT: "many" } });
    expect(message).toMatch(/api\.prot: there is no such key \(.*tradewind\.config\.yaml\); did you mean api\.port\?/);
    expect(message).toMatch(/executer: there is no such key .*; did you mean executor\?/);
    expect(message).toMatch(/scheduler: expected a group of keys, found 5/);
    expect(message).toMatch(/logs\.level: .*"trace"\|"debug".*; found "loud"/);
    expect(message).toMatch(/TRADEWIND__SCHEDULER__PARALELISM: there is no such key; did you mean TRADEWIND__SCHEDULER__PARALLELISM\?/);
    expect(message).toMatch(/api\.port: expected number.*; found "many" \(TRADEWIND__API__PORT\)/);
  });

  test("a bad secret is not repeated", async () => {
    const message = await problemOf({ env: { TRADEWIND__DATABASE__URL: "mysql://me:hunter2@db/x" } });
    expect(message).toContain("database.url: expected a URL that starts with postgres://");
    expect(message).not.toContain("hunter2");
  });

  test("values that contradict each other", async () => {
    expect(await problemOf({ overrides: { "executionApi.heartbeatSeconds": 6 } })).toContain("at most half of executionApi.leaseSeconds (10)");
  });

  test("a secret given twice, a missing file, and _FILE for what is no secret", async () => {
    const message = await problemOf({
      env: {
        TRADEWIND__DATABASE__URL: "postgres://db/x",
        TRADEWIND__DATABASE__URL_FILE: "url",
        TRADEWIND__SECURITY__FERNET_KEY_FILE: "nowhere",
        TRADEWIND__API__PORT_FILE: "port",
      },
    });
    expect(message).toContain("TRADEWIND__DATABASE__URL is set as well");
    expect(message).toContain("ENOENT");
    expect(message).toContain("only secrets can be read from a file");
  });

  test("two config files, a file that is not there, and one without a default export", async () => {
    expect(await problemOf({ configFile: "nowhere.json" })).toContain("does not exist");
    writeFileSync(join(folder, "tradewind.config.ts"), "export const config = {};");
    expect(await problemOf({})).toContain("no default export");
    writeFileSync(join(folder, "tradewind.config.json"), "{}");
    expect(await problemOf({})).toContain("several config files: tradewind.config.ts, tradewind.config.json");
  });
});

describe("the project", () => {
  test("a command in a folder below means the same installation", async () => {
    const below = join(folder, "a/b");
    mkdirSync(below, { recursive: true });
    writeFileSync(join(folder, "tradewind.config.json"), '{"dags":{"folders":["flows"]}}');
    const { config, home } = await load({ cwd: below });
    expect(home).toBe(join(folder, ".tradewind"));
    expect(config.dags.folders).toEqual([join(folder, "flows")]);
  });

  test("a home directory marks the project as well, and TRADEWIND_HOME wins", async () => {
    mkdirSync(join(folder, ".tradewind"));
    mkdirSync(join(folder, "a"));
    expect(await load({ cwd: join(folder, "a") })).toMatchObject({ home: join(folder, ".tradewind"), projectFolder: folder });
    expect((await load({ env: { TRADEWIND_HOME: "elsewhere" } })).home).toBe(join(folder, "elsewhere"));
  });

  test("the home directory is its owner's alone; one that cannot be made is explained", () => {
    createHome(join(folder, "home"));
    expect(statSync(join(folder, "home")).mode & 0o777).toBe(0o700);
    writeFileSync(join(folder, "file"), "");
    expect(() => createHome(join(folder, "file/home"))).toThrow(/Set TRADEWIND_HOME/);
  });
});

test("listConfig shows value, default and source, and masks secrets", async () => {
  const loaded = await load({
    env: { TRADEWIND__DATABASE__URL: "postgres://me:pw@db:5432/tw?password=pw2", TRADEWIND__API__SECRET_KEY: "0123456789abcdef" },
  });
  const listed = new Map(listConfig(loaded).map((entry) => [entry.key, entry]));
  expect(listed.get("database.url")).toMatchObject({
    value: "postgres://me:********@db:5432/tw?********",
    default: null,
    source: "TRADEWIND__DATABASE__URL",
  });
  expect(listed.get("api.secretKey")?.value).toBe("********");
  expect(listed.get("security.fernetKey")?.value).toBeNull();
  expect(listed.get("api.port")).toMatchObject({ value: 8080, default: 8080, source: "default", envName: "TRADEWIND__API__PORT" });
  expect(JSON.stringify([...listed.values()])).not.toMatch(/pw2|:pw@|0123456789abcdef/);
});

test("defineConfig knows the keys and their types", () => {
  expect(defineConfig({ executor: "local" })).toEqual({ executor: "local" });
  // @ts-expect-error an unknown key does not compile
  defineConfig({ executer: "local" });
  // @ts-expect-error nor does a value of the wrong type
  defineConfig({ api: { port: "8080" } });
  expectTypeOf<TradewindConfig["executor"]>().toEqualTypeOf<ExecutorChoice[]>();
  expectTypeOf<TradewindConfig["database"]["url"]>().toEqualTypeOf<string | null>();
});
