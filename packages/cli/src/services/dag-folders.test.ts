import { expect, test } from "vitest";
import { nameDagFolders } from "./dag-folders.ts";

test("folders are named after themselves; the same one twice counts once, another one of the same name gets a number", () => {
  expect(nameDagFolders(["/a/dags", "/b/dags", "/a/dags/", "/c/x"], "/e/src/dags")).toEqual([
    { name: "dags", path: "/a/dags" },
    { name: "dags-2", path: "/b/dags" },
    { name: "x", path: "/c/x" },
    { name: "examples", path: "/e/src/dags" },
  ]);
});

test("a folder of one's own called examples is not taken for the examples", () => {
  expect(nameDagFolders(["/a/examples"], "/e/dags").map((folder) => folder.name)).toEqual(["examples-2", "examples"]);
});
