/** Writes docs/cli.md. */
import { writeFileSync } from "node:fs";
import { renderDocsPage } from "./docs-page.ts";
import { createProgram } from "./program/program.ts";

writeFileSync(new URL("../../../docs/cli.md", import.meta.url), renderDocsPage(createProgram("0.0.0")));
