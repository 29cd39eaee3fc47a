import { expect, test } from "vitest";
import { parseConnectionUrl } from "./connection-url.ts";

test.each([
  [
    "postgres://user:p%40ss@db.example.com:5432/sales?sslmode=require",
    { connType: "postgres", host: "db.example.com", port: 5432, login: "user", password: "p@ss", schema: "sales", extra: { sslmode: "require" } },
  ],
  ["postgresql://localhost/x", { connType: "postgres", host: "localhost", port: null, login: null, password: null, schema: "x", extra: null }],
  ["http://hooks.example.com", { connType: "http", host: "hooks.example.com", port: null, login: null, password: null, schema: null, extra: null }],
  [
    "google-cloud-platform://?__extra__=%7B%22project%22%3A%221%22%7D",
    { connType: "google_cloud_platform", host: null, port: null, login: null, password: null, schema: null, extra: { project: "1" } },
  ],
])("%s", (url, expected) => {
  expect(parseConnectionUrl(url, "it")).toEqual(expected);
});

test("anything else is refused, and says how to write it", () => {
  expect(() => parseConnectionUrl("user@host", "What was given")).toThrow("What was given is no URL of a connection.");
});
