import { expect, it } from "vitest";
import { environmentName, findOptions, inSections } from "./find-options.ts";

const sections = [
  {
    name: "api",
    options: [
      { key: "port", value: "8080" },
      { key: "host", value: "127.0.0.1" },
    ],
  },
  { name: "dags", options: [{ key: "folders", value: '["/srv/dags"]' }] },
];
const found = (text: string) => findOptions(sections, text).flatMap(({ name, options }) => options.map(({ key }) => `${name}.${key}`));

it("finds options by words of their name and value", () => {
  expect(found("")).toEqual(["api.port", "api.host", "dags.folders"]);
  expect(found("api.PORT")).toEqual(["api.port"]);
  expect(found("host 127")).toEqual(["api.host"]);
  expect(found("srv")).toEqual(["dags.folders"]);
  expect(found("port srv")).toEqual([]);
});

it("puts keys without a section together, before all others", () => {
  const alone = { name: "executor", options: [{ key: "", value: "local" }] };
  expect(inSections([alone, ...sections])).toEqual([{ name: "", options: [{ key: "executor", value: "local" }] }, ...sections]);
  expect(inSections(sections)).toEqual(sections);
});

it("says how the environment names an option", () => {
  expect(environmentName("api", "exposeConfig")).toBe("TRADEWIND__API__EXPOSE_CONFIG");
  expect(environmentName("", "executor")).toBe("TRADEWIND__EXECUTOR");
  expect(environmentName("executors", "bullmq.redisUrl")).toBe("TRADEWIND__EXECUTORS__BULLMQ__REDIS_URL");
});
