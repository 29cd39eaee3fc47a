// Rewrites docs/configuration.md from the schema.
import { writeFileSync } from "node:fs";
import { renderDocsPage } from "./docs-page.ts";

writeFileSync(new URL("../../../docs/configuration.md", import.meta.url), renderDocsPage());
