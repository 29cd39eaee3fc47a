/** Writes src/schema.gen.ts: run it after a change of the REST API's routes or schemas (`schema.test.ts` says when). */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { clientSchema } from "./client-schema.ts";

await writeFile(join(import.meta.dirname, "../src/schema.gen.ts"), await clientSchema());
