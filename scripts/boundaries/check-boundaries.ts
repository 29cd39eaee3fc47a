import { builtinModules } from "node:module";
import { posix } from "node:path";
import {
  AIRFLOW_SDK_FILES,
  AIRFLOW_SDK_MODULE,
  BUNDLED_PACKAGES,
  DEVELOPMENT_PACKAGES,
  LAZY_SQL,
  MAY_IMPORT,
  PURE_PACKAGES,
  SQL_MODULES,
  SQL_PACKAGES,
  SQL_TESTS,
  TEST_SUPPORT,
} from "./rules.ts";
import type { ModuleImport } from "./source-file.ts";
import type { WorkspaceFile, WorkspacePackage } from "./workspace.ts";

export const BOUNDARY_RULES = ["declared", "arrow", "exports", "pure", "sql", "development", "cycle", "known-package", "node-prefix"] as const;
export type BoundaryRule = (typeof BOUNDARY_RULES)[number];

export interface Violation {
  rule: BoundaryRule;
  /** A file, with its line where there is one; or a package.json. */
  place: string;
  message: string;
}

const BUILTINS = new Set(builtinModules);

/** Everything in the workspace that crosses a boundary it must not cross. */
export function checkBoundaries(packages: readonly WorkspacePackage[]): Violation[] {
  const byNpmName = new Map(packages.map((pkg) => [pkg.npmName, pkg]));
  return [
    ...packages.flatMap((pkg) => [
      ...checkManifest(pkg, byNpmName),
      ...pkg.files.flatMap((file) => [
        ...(PURE_PACKAGES.includes(pkg.folder) && !isTest(file) ? checkPurity(file) : []),
        ...file.imports.flatMap((imported) => checkImport(pkg, file, imported, byNpmName)),
      ]),
    ]),
    ...checkCycles(packages, byNpmName),
  ];
}

const isTest = (file: WorkspaceFile): boolean =>
  /\.(test|test-d)\.tsx?$/.test(file.path) || /^packages\/[^/]+\/test\//.test(file.path) || TEST_SUPPORT.some((pattern) => pattern.test(file.path));

function checkManifest(pkg: WorkspacePackage, byNpmName: ReadonlyMap<string, WorkspacePackage>): Violation[] {
  const place = `packages/${pkg.folder}/package.json`;
  const allowed = MAY_IMPORT[pkg.folder];
  if (allowed === undefined) {
    return [
      { rule: "known-package", place, message: `${pkg.folder} is not in the table of scripts/boundaries/rules.ts; say there what it may import` },
    ];
  }
  return [...pkg.dependencies].flatMap((name): Violation[] => {
    const target = byNpmName.get(name);
    if (target === undefined || allowed.includes(target.folder)) return [];
    return [{ rule: "arrow", place, message: `depends on ${name}, but ${pkg.folder} may import only: ${allowed.join(", ") || "nothing"}` }];
  });
}

function checkPurity(file: WorkspaceFile): Violation[] {
  const uses = file.impureUses.map(({ what, line }) => ({ what, line }));
  const modules = file.imports.filter(({ specifier }) => isBuiltin(specifier)).map(({ specifier, line }) => ({ what: specifier, line }));
  return [...uses, ...modules].map(({ what, line }) => ({
    rule: "pure",
    place: `${file.path}:${line}`,
    message: `uses ${what}; this package has no Node module, clock, randomness, timer or environment: take it as an argument`,
  }));
}

const isBuiltin = (specifier: string): boolean => specifier.startsWith("node:") || BUILTINS.has(specifier);

function checkImport(
  pkg: WorkspacePackage,
  file: WorkspaceFile,
  imported: ModuleImport,
  byNpmName: ReadonlyMap<string, WorkspacePackage>,
): Violation[] {
  const { specifier, line } = imported;
  const place = `${file.path}:${line}`;
  if (specifier.startsWith(".")) return checkRelative(pkg, file, specifier, place);
  if (specifier.startsWith("node:")) return [];
  if (BUILTINS.has(specifier) && !pkg.dependencies.has(specifier))
    return [{ rule: "node-prefix", place, message: `import "node:${specifier}" instead` }];
  const name = packageNameOf(specifier);
  return [
    ...checkDeclared(pkg, file, name, place),
    ...checkSql(pkg, file, imported, name, place),
    ...checkWorkspaceImport(pkg, file, specifier, place, byNpmName.get(name)),
  ];
}

function checkRelative(pkg: WorkspacePackage, file: WorkspaceFile, specifier: string, place: string): Violation[] {
  const target = posix.join(posix.dirname(file.path), specifier);
  if (target.startsWith(`packages/${pkg.folder}/`)) return [];
  return [{ rule: "exports", place, message: `reaches ${target} outside its package; import the package by its name` }];
}

const packageNameOf = (specifier: string): string => specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");

const mayUseDevDependencies = (pkg: WorkspacePackage, file: WorkspaceFile): boolean => isTest(file) || BUNDLED_PACKAGES.includes(pkg.folder);

function checkDeclared(pkg: WorkspacePackage, file: WorkspaceFile, name: string, place: string): Violation[] {
  if (name === AIRFLOW_SDK_MODULE && AIRFLOW_SDK_FILES.some((pattern) => pattern.test(file.path))) return [];
  if (name === pkg.npmName || pkg.dependencies.has(name) || (mayUseDevDependencies(pkg, file) && pkg.devDependencies.has(name))) return [];
  const where = mayUseDevDependencies(pkg, file) ? "dependencies or devDependencies" : "dependencies";
  return [{ rule: "declared", place, message: `imports ${name}, which is not in the ${where} of packages/${pkg.folder}/package.json` }];
}

function checkSql(pkg: WorkspacePackage, file: WorkspaceFile, imported: ModuleImport, name: string, place: string): Violation[] {
  if (!SQL_MODULES.includes(name) || SQL_PACKAGES.includes(pkg.folder) || SQL_TESTS.some((pattern) => pattern.test(file.path))) return [];
  const isLazy = imported.kind !== "static";
  if (isLazy && LAZY_SQL.some((pattern) => pattern.test(file.path))) return [];
  const hint = LAZY_SQL.some((pattern) => pattern.test(file.path)) ? "here it may be loaded lazily only" : `only ${SQL_PACKAGES.join(", ")} may`;
  return [{ rule: "sql", place, message: `imports ${name}; ${hint}` }];
}

function checkWorkspaceImport(
  pkg: WorkspacePackage,
  file: WorkspaceFile,
  specifier: string,
  place: string,
  target: WorkspacePackage | undefined,
): Violation[] {
  if (target === undefined) return [];
  const violations: Violation[] = [];
  const subPath = `.${specifier.slice(target.npmName.length)}`;
  if (!target.exports.has(subPath)) {
    violations.push({ rule: "exports", place, message: `imports ${specifier}, which is not in the exports of ${target.npmName}` });
  }
  if (isTest(file) || target === pkg) return violations;
  const allowed = MAY_IMPORT[pkg.folder] ?? [];
  if (!allowed.includes(target.folder)) {
    violations.push({
      rule: "arrow",
      place,
      message: `imports ${target.npmName}, but ${pkg.folder} may import only: ${allowed.join(", ") || "nothing"}`,
    });
  }
  if (DEVELOPMENT_PACKAGES.includes(target.folder) && !DEVELOPMENT_PACKAGES.includes(pkg.folder)) {
    violations.push({ rule: "development", place, message: `imports ${target.npmName}, which is for tests and benchmarks only` });
  }
  return violations;
}

/** Cycles between packages over everything they declare, development dependencies included: a cycle there has no build order either. */
function checkCycles(packages: readonly WorkspacePackage[], byNpmName: ReadonlyMap<string, WorkspacePackage>): Violation[] {
  const violations: Violation[] = [];
  const done = new Set<WorkspacePackage>();
  const visit = (pkg: WorkspacePackage, path: WorkspacePackage[]): void => {
    if (path.includes(pkg)) {
      const cycle = [...path.slice(path.indexOf(pkg)), pkg].map((member) => member.folder);
      violations.push({
        rule: "cycle",
        place: `packages/${pkg.folder}/package.json`,
        message: `packages depend on each other: ${cycle.join(" → ")}`,
      });
      return;
    }
    if (done.has(pkg)) return;
    for (const name of [...pkg.dependencies, ...pkg.devDependencies]) {
      const target = byNpmName.get(name);
      if (target !== undefined) visit(target, [...path, pkg]);
    }
    done.add(pkg);
  };
  for (const pkg of packages) visit(pkg, []);
  return violations;
}
