/** Writes docs/schemas/dag.schema.json, the JSON schema of YAML DAGs: run it after a change of what they may hold (a test says when). */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { dagJsonSchema } from "./yaml/index.ts";

const path = join(import.meta.dirname, "../../../docs/schemas/dag.schema.json");
await writeFile(path, `${JSON.stringify(dagJsonSchema(), null, 2)}\n`);
