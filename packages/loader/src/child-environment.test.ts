import { expect, it } from "vitest";
import { childEnvironment } from "./child-environment.ts";

it("passes what is named, and never the control plane's own settings", () => {
  const parent = {
    PATH: "/bin",
    LC_ALL: "C",
    AWS_SECRET_ACCESS_KEY: "x",
    NODE_AUTH_TOKEN: "x",
    NODE_OPTIONS: "x",
    REGION: "eu",
    TRADEWIND__DATABASE__URL: "x",
  };
  expect(childEnvironment(parent, ["REGION", "TRADEWIND__DATABASE__URL"])).toEqual({ PATH: "/bin", LC_ALL: "C", REGION: "eu", TZ: "UTC" });
});

it("keeps a time zone that is set", () => {
  expect(childEnvironment({ TZ: "Europe/Madrid" })).toEqual({ TZ: "Europe/Madrid" });
});
