// Checks who imports whom: `node scripts/check-boundaries.ts [ROOT]`. Exit code 1 when a boundary is crossed.
import { resolve } from "node:path";
import { checkBoundaries } from "./boundaries/check-boundaries.ts";
import { readWorkspace } from "./boundaries/workspace.ts";

const root = resolve(process.argv[2] ?? new URL("..", import.meta.url).pathname);
const packages = readWorkspace(root);
const violations = checkBoundaries(packages);
for (const { rule, place, message } of violations) console.log(`${place}  ${message}  [${rule}]`);
const files = packages.reduce((sum, pkg) => sum + pkg.files.length, 0);
const imports = packages.reduce((sum, pkg) => sum + pkg.files.reduce((total, file) => total + file.imports.length, 0), 0);
console.log(`${packages.length} packages, ${files} files, ${imports} imports: ${violations.length} violations`);
// A checker that sees nothing must not pass.
if (violations.length > 0 || imports === 0) process.exitCode = 1;
