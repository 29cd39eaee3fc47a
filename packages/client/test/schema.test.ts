import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { clientSchema } from "./client-schema.ts";

it("has the types of the REST API as it is (run `node packages/client/test/write-schema.ts` when it has changed)", async () => {
  expect(await readFile(join(import.meta.dirname, "../src/schema.gen.ts"), "utf8")).toBe(await clientSchema());
});
