import { z } from "zod";
import { checkExecutors, oneOrMoreExecutors } from "./executor-choice.ts";

/**
 * Everything that can be configured, once: types, defaults, checks, the environment's names and docs/configuration.md all come from here.
 *
 * Notes on a key beside its description: `secret` hides the value in listings and allows `…_FILE`; `path` makes a relative value absolute, against the
 * place that gave it (a config file's folder, else the working directory; the default against the project or the home directory).
 */
const secret = { secret: true } as const;

/** One address, or several of a sentinel or cluster, without anything that would be ignored. */
const REDIS_URL =
  /^(rediss?:\/\/([^@/\s]*@)?[^@/,\s]+(\/\d*)?|rediss?\+sentinel:\/\/([^@/\s]*@)?[^@/\s]+\/[^/\s]+(\/\d*)?|rediss?\+cluster:\/\/([^@/\s]*@)?[^@/\s]+\/?)$/;

const text = () => z.string().min(1);
const count = () => z.int().min(1);
const port = () => z.int().min(0).max(65535);
const seconds = () => z.number().positive();

const path = () => text().nullable().default(null);

const database = z.strictObject({
  url: text()
    .regex(/^postgres(ql)?:\/\//, "expected a URL that starts with postgres:// or postgresql://")
    .nullable()
    .default(null)
    .describe("PostgreSQL ≥ 14 to use. Unset: an embedded PostgreSQL under the home directory, for development.")
    .meta(secret),
  poolSize: count().default(10).describe("Most connections that one process opens."),
});

const api = z.strictObject({
  host: text().default("127.0.0.1").describe("Address to listen on; 0.0.0.0 for all interfaces."),
  port: port().default(8080).describe("Port of the REST API and the UI; 0 takes a free one."),
  secretKey: text()
    .min(16)
    .nullable()
    .default(null)
    .describe("Signs the access tokens of people and clients. Must be the same in every API server. Unset: made once and kept in the home directory.")
    .meta(secret),
  accessTokenTtlSeconds: count().default(86_400).describe("How long an access token is accepted."),
  sessionTtlSeconds: count().default(86_400).describe("How long a browser stays logged in."),
  publicRole: z
    .enum(["Viewer", "User", "Op", "Admin"])
    .nullable()
    .default(null)
    .describe("The role of who is not logged in. Unset: everybody has to log in."),
  changesPerMinute: count()
    .default(3000)
    .describe("How many changes one user may make in a minute over the REST API, as many at once as come; reading is not counted."),
  trustedProxies: z
    .array(text())
    .default([])
    .describe("Addresses or ranges of proxies in front of the API servers, whose `x-forwarded-for` is believed: limits count by a client's address."),
  maximumPageLimit: count().default(100).describe("Most items of one page; a larger `limit` is cut to it."),
  fallbackPageLimit: count().default(50).describe("Items of one page when the request names no `limit`."),
  bodyLimitBytes: count().default(1_048_576).describe("Largest request body."),
  exposeConfig: z
    .boolean()
    .default(false)
    .describe("Whether who may read connections may read this configuration over the REST API; secrets are masked."),
  testConnection: z
    .enum(["disabled", "enabled"])
    .default("disabled")
    .describe(
      "Whether people may have connections tried, by the API server or by a worker, in a process of its own. Who may edit connections could use it to look around in their networks.",
    ),
});

const executionApi = z.strictObject({
  url: text()
    .regex(/^https?:\/\//, "expected a URL that starts with http:// or https://")
    .nullable()
    .default(null)
    .describe("Where runners reach the execution API. Unset: http:// with the host and port below."),
  host: text()
    .default("127.0.0.1")
    .describe("Address the execution API listens on, apart from the REST API so that browsers cannot slow tasks down."),
  port: port().default(8081).describe("Port of the execution API; 0 takes a free one."),
  secretKey: text()
    .min(16)
    .nullable()
    .default(null)
    .describe("Signs the tokens of runner hosts and attempts. Unset: made once and kept in the home directory.")
    .meta(secret),
  leaseSeconds: seconds()
    .max(60)
    .default(10)
    .describe("How long an attempt counts as alive without a heartbeat; then it is lost and may be retried."),
  heartbeatSeconds: seconds().default(3).describe("How often a runner host renews the leases of its attempts; at most half of `leaseSeconds`."),
  holdSeconds: z
    .number()
    .min(0)
    .max(3_600)
    .default(300)
    .describe(
      "How long a task stands still (stopped, doing nothing) when the lease of its attempt could not be renewed, as while the database or the API is away; it goes on when it can be, if nobody has taken it over. Then, or with 0 at once, it is killed.",
    ),
  bodyLimitBytes: count().default(67_108_864).describe("Largest request body: results, logs."),
  maxXcomBytes: count().default(10_485_760).describe("Largest XCom, as JSON; a larger one fails its task."),
  inlineXcomBytes: z
    .int()
    .min(0)
    .default(65_536)
    .describe("XComs up to this size travel with the attempt that reads them; larger ones are fetched apart."),
});

const scheduler = z.strictObject({
  parallelism: count()
    .default(128)
    .describe(
      "Most task instances queued or running at once per scheduler, over all its executors. More than the executors have places for lets work wait next to them, and is settled in larger batches.",
    ),
  heartbeatSeconds: seconds()
    .default(2)
    .describe(
      "How often a scheduler says that it is alive, and sees whether it was away itself: then it takes no attempt for lost before hosts could renew its lease.",
    ),
  healthThresholdSeconds: seconds().default(30).describe("A scheduler silent for longer counts as dead; its work is taken over."),
  sweepSeconds: seconds().default(5).describe("How often the scheduler looks for work that no notification announced."),
  taskQueuedTimeoutSeconds: seconds().default(600).describe("A task instance queued for longer, without being started, goes back or fails."),
  maxDagrunsToCreatePerLoop: count()
    .default(100)
    .describe("Most DAGs that get a new run in one transaction. A pass goes on until all have what is due."),
  maxDagrunsPerLoopToSchedule: count()
    .default(200)
    .describe("Most DAGs whose queued runs are started in one transaction. A pass goes on until all that may have begun."),
  defaultPoolSlots: z.int().min(-1).default(128).describe("Slots of `default_pool` when it is created; -1 for no limit."),
  maxTaskRetryDelaySeconds: seconds().default(86_400).describe("Longest delay between two tries that exponential backoff may reach."),
  maxMapLength: count().default(1024).describe("Most instances of one mapped task."),
  catchupByDefault: z.boolean().default(false).describe("Whether a DAG that does not say so makes up the runs it missed."),
  ignoreFirstDependsOnPastByDefault: z
    .boolean()
    .default(true)
    .describe("Default of a task's `ignoreFirstDependsOnPast`: one that never ran before does not wait for the past."),
});

const dags = z.strictObject({
  folders: z.array(text()).default(["dags"]).describe("Folders with DAG files; sub-folders are read as well.").meta({ path: "project" }),
  loadExamples: z.boolean().default(true).describe("Whether `standalone` loads the example DAGs."),
  dagsArePausedAtCreation: z.boolean().default(true).describe("Whether a new DAG starts paused, unless it sets `isPausedUponCreation` itself."),
  defaultTimezone: text()
    .refine(isTimezone, "expected an IANA time zone, such as Europe/Madrid")
    .default("utc")
    .describe("Zone of schedules and dates that name none."),
  importTimeoutSeconds: seconds().default(30).describe("A DAG file that takes longer to load becomes an import error."),
  importMemoryMb: z.int().min(64).default(512).describe("Memory of the process that loads DAG files."),
  parsingProcesses: count().default(2).describe("DAG files that are loaded at the same time."),
  rescanSeconds: seconds().default(30).describe("How often the folders are compared with what is known, besides the file system's own events."),
  maxActiveTasks: count().default(16).describe("Default of a DAG's `maxActiveTasks`: task instances of one run that are queued or running."),
  maxActiveRuns: count().default(16).describe("Default of a DAG's `maxActiveRuns`."),
  allowedQueues: z
    .array(text())
    .nullable()
    .default(null)
    .describe(
      "Task queues that DAGs may name, besides `default` and those of `queues`; any other one is an import error. `*`: any. Unset: those of `worker.queues`, and any where `local` is the only executor.",
    ),
  defaultTaskRetries: z.int().min(0).default(0).describe("Default of a task's `retries`."),
  defaultTaskRetryDelaySeconds: z.number().min(0).default(300).describe("Default of a task's `retryDelay`."),
  defaultTaskExecutionTimeoutSeconds: seconds().nullable().default(null).describe("Default of a task's `executionTimeout`. Unset: no limit."),
  defaultTaskWeightRule: z.enum(["downstream", "upstream", "absolute"]).default("downstream").describe("Default of a task's `weightRule`."),
  maxConsecutiveFailedDagRuns: z
    .int()
    .min(0)
    .default(0)
    .describe("Default of a DAG's `maxConsecutiveFailedDagRuns`: it is paused after so many failed runs in a row. 0: never."),
});

const localExecutor = z.strictObject({
  slots: count().default(16).describe("Tasks that run at the same time; each has a child process."),
  prefetch: z
    .int()
    .min(0)
    .nullable()
    .default(null)
    .describe(
      "Tasks delivered to the runner host beyond its slots, so that a freed place is filled without asking. More helps short tasks; less lets a task of high priority go earlier. Unset: twice the slots, at least 64.",
    ),
  bundlesPerChild: count()
    .default(64)
    .describe("DAG files whose tasks may follow each other in one child process. 1: they never share one, and each change of file costs a process."),
  childMaxTasks: count().default(100_000).describe("A child process is replaced after so many tasks."),
  childMaxAgeSeconds: seconds().default(3600).describe("A child process is replaced after this time, between two tasks."),
  childMemoryMb: z
    .int()
    .min(64)
    .default(512)
    .describe(
      "Memory of one child process; a task that needs more fails as out of memory. A child that keeps more than half of it after a task is replaced.",
    ),
  idleSeconds: seconds()
    .default(60)
    .describe("A child process without work is stopped after this time; those beyond one per core after a quarter of it."),
  hostIdleSeconds: seconds().default(300).describe("The runner host survives its scheduler; without work and without one it ends after this time."),
  hostUnreachableSeconds: seconds()
    .default(600)
    .describe(
      "A runner host that survived its scheduler, with tasks that have not begun, ends when the execution API has not answered for this time. One with results that it could not report waits for a day.",
    ),
});

const redis = z.strictObject({
  url: text()
    .regex(
      REDIS_URL,
      "expected redis://host:port/db, rediss:// for TLS, redis+sentinel://host:port,host:port/master/db or redis+cluster://host:port,host:port",
    )
    .default("redis://localhost:6379/0")
    .describe(
      "Where Redis is: `redis://user:password@host:6379/0`; `rediss://` for TLS; `redis+sentinel://host:26379,host:26379/master/0`; `redis+cluster://host:6379,host:6379`; with TLS `rediss+sentinel://`, `rediss+cluster://`.",
    )
    .meta(secret),
  password: text()
    .nullable()
    .default(null)
    .describe("Password of Redis, for those who keep it apart from the URL; wins over the one in it.")
    .meta(secret),
  sentinelPassword: text().nullable().default(null).describe("Password of the sentinels, where they have one.").meta(secret),
  prefix: text()
    .regex(/^[A-Za-z0-9:_-]+$/, "expected letters, digits, colons, dashes and underscores")
    .default("tradewind")
    .describe("First part of every key in Redis. Installations that share a Redis need different ones."),
  tlsCaFile: path().describe("File with the certificates (PEM) that Redis' own is checked against. Unset: the system's.").meta({ path: "project" }),
  tlsCertFile: path().describe("File with the certificate (PEM) that this side shows.").meta({ path: "project" }),
  tlsKeyFile: path().describe("File with the key (PEM) of that certificate.").meta({ path: "project" }),
  tlsVerify: z.boolean().default(true).describe("Whether Redis' certificate is checked; `false` only where nobody can come between."),
  timeoutSeconds: seconds().default(3).describe("A command that Redis does not answer for longer fails; the scheduler goes on and sends it again."),
});

const worker = z.strictObject({
  name: text().nullable().default(null).describe("Name of the worker in lists. Unset: the machine's name with the process' id."),
  queues: z.array(text()).min(1).default(["default"]).describe("Task queues that the worker takes tasks of."),
  concurrency: count().default(16).describe("Tasks that the worker runs at the same time; each has a child process, kept as `localExecutor` says."),
  drainSeconds: seconds()
    .nullable()
    .default(null)
    .describe("After SIGTERM: how long running tasks may finish before they are stopped and handed back. Unset: `runner.drainSeconds`."),
  healthHost: text().default("127.0.0.1").describe("Address of the worker's health endpoint; 0.0.0.0 for all interfaces."),
  healthPort: port().nullable().default(null).describe("Port of the worker's health endpoint; 0 takes a free one. Unset: there is none."),
  offlineSeconds: seconds().default(30).describe("A worker that has been silent for longer is shown as offline."),
  forgetSeconds: seconds().default(86_400).describe("A worker that has been silent for longer is taken off the list."),
});

const runner = z.strictObject({
  killGraceSeconds: seconds()
    .default(5)
    .describe("When a task has to stop: time between the abort signal in its code and SIGTERM, and again between SIGTERM and SIGKILL."),
  drainSeconds: seconds().default(60).describe("How long running tasks may finish when a runner is asked to drain."),
  maxLogBytes: count().default(104_857_600).describe("Most log of one attempt; what follows is counted and dropped."),
  passEnvironment: z
    .array(text())
    .default([])
    .describe(
      "Environment variables that tasks may see, besides PATH, HOME, locale and proxies; a `*` at the end matches any rest. Secrets belong into connections.",
    ),
});

const logs = z.strictObject({
  level: z.enum(["trace", "debug", "info", "warn", "error", "fatal"]).default("info").describe("Least important lines that the services print."),
  format: z.enum(["auto", "pretty", "json"]).default("auto").describe("`auto` is pretty on a terminal and JSON otherwise."),
  dir: text().default("logs").describe("Where the logs of tasks are kept.").meta({ path: "home" }),
});

const metrics = z.strictObject({
  statsdOn: z.boolean().default(false).describe("Whether metrics are sent to StatsD."),
  statsdHost: text().default("localhost").describe("Host of the StatsD server."),
  statsdPort: port().default(8125).describe("UDP port of the StatsD server."),
  prefix: z.string().default("airflow").describe("First part of every metric's name; Airflow's, so that its dashboards work unchanged."),
  legacyNamesOn: z
    .boolean()
    .default(true)
    .describe("Whether names with the ids spliced in (`ti.start.my_dag.my_task`) are sent besides the tagged ones."),
  tagFormat: z.enum(["datadog", "influxdb", "none"]).default("datadog").describe("How tags are written; `none` leaves them out."),
  disabledTags: z.array(text()).default(["job_id", "run_id"]).describe("Tags that are not sent: they have too many values."),
  allowList: z.array(regularExpression()).default([]).describe("Regular expressions; when there are any, only names that match one are sent."),
  blockList: z.array(regularExpression()).default([]).describe("Regular expressions; names that match one are not sent."),
});

const security = z.strictObject({
  fernetKey: text()
    .nullable()
    .default(null)
    .describe(
      "Encrypts connections and variables: one or more Fernet keys, comma separated; the first encrypts. Unset: made once and kept in the home directory.",
    )
    .meta(secret),
  adminUsername: text().default("admin").describe("Name of the first user."),
  adminPassword: text()
    .nullable()
    .default(null)
    .describe("Password of the first user. Unset: made once and kept in `admin-password` in the home directory.")
    .meta(secret),
});

export const configSchema = z
  .strictObject({
    executor: oneOrMoreExecutors
      .prefault("local")
      .describe(
        "What runs tasks: `local`, `bullmq`, an npm package's name, or `{ package, name, options }`; or a list of them, of which the first takes the tasks that choose none. See docs/executors.md.",
      ),
    executors: oneOrMoreExecutors.nullable().default(null).describe("The same as `executor`, and wins over it: for those who have several."),
    queues: z
      .record(text(), text())
      .default({})
      .describe('Task queue → name of the executor that takes its tasks, unless a task names an executor itself: `{ kubernetes: "kubernetes" }`.'),
    database: database.prefault({}).describe("The metadata database: the only truth."),
    api: api.prefault({}).describe("REST API, UI and log-in."),
    executionApi: executionApi.prefault({}).describe("What runners talk to."),
    scheduler: scheduler.prefault({}).describe("Runs, limits and rescue."),
    dags: dags.prefault({}).describe("DAG files and what DAGs and tasks default to."),
    localExecutor: localExecutor.prefault({}).describe("The executor that runs tasks in processes of this machine."),
    redis: redis.prefault({}).describe("Redis ≥ 6.2 or Valkey, which carries tasks to workers under the executor `bullmq`."),
    worker: worker.prefault({}).describe("What `tradewind worker` is started with, and how workers are watched."),
    runner: runner.prefault({}).describe("How one attempt is run, under every executor."),
    logs: logs.prefault({}).describe("Logs of the services and of the tasks."),
    metrics: metrics.prefault({}).describe("StatsD."),
    security: security.prefault({}).describe("Encryption and the first user."),
  })
  .superRefine((config, context) => {
    checkExecutors(config, context);
    if (config.executionApi.heartbeatSeconds * 2 > config.executionApi.leaseSeconds) {
      context.addIssue({
        code: "custom",
        path: ["executionApi", "heartbeatSeconds"],
        message: `expected at most half of executionApi.leaseSeconds (${config.executionApi.leaseSeconds}), or one lost heartbeat loses the task`,
      });
    }
    if (config.api.fallbackPageLimit > config.api.maximumPageLimit) {
      context.addIssue({
        code: "custom",
        path: ["api", "fallbackPageLimit"],
        message: `expected at most api.maximumPageLimit (${config.api.maximumPageLimit})`,
      });
    }
  });

/** The whole configuration, every key present. */
export type TradewindConfig = z.output<typeof configSchema>;

/** What a config file may say: any part of the configuration. */
export type TradewindConfigInput = z.input<typeof configSchema>;

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function regularExpression() {
  return text().refine((source) => {
    try {
      new RegExp(source);
      return true;
    } catch {
      return false;
    }
  }, "expected a regular expression");
}
