import { z } from "zod";
import { AttemptGrant } from "./grant.ts";
import { TaskCommand } from "./task-command.ts";

/**
 * The protocol between the local executor and its runner host, over a unix socket: one JSON object per line in both directions. The executor sends requests with an `id`, the
 * host answers each with the same `id`, and sends events (without an id) at any time. Several executors (schedulers) may be connected at once; every one gets all events.
 *
 * The first request of a connection must be `hello`. Whoever may open the socket may control the host: the file is in a folder that only its owner can enter.
 */
export const HOST_CONTROL_VERSION = 1;

const id = z.number().int();

/** What the host gets as one JSON line on its standard input when it is started. Standard input, since arguments and environments can be read by others. */
export const HostStartup = z.object({
  hostId: z.string(),
  /** Name of the executor it works for, as leases carry it. */
  executor: z.string(),
  socketPath: z.string(),
  executionApiUrl: z.string(),
  hostToken: z.string(),
  /** Attempts that may run at once. */
  slots: z.number().int().positive(),
  /** Folder for what the host keeps: bundles, the list of its child processes. */
  stateDir: z.string(),
  /** Names of environment variables that author code may see, besides the fixed list (PATH, HOME, locale …). A `*` at the end matches any rest. */
  passEnv: z.array(z.string()).optional(),
  /** Memory limit of an attempt that has none of its own. null: none. */
  memoryLimitMb: z.number().nullable().optional(),
  /** The largest result, in bytes of JSON. */
  maxResultBytes: z.number().int().positive().optional(),
  /** Ends itself after so long without work and without a connection. */
  idleExitMs: z.number().optional(),
  /** Ends itself after so long without an answer of the execution API and without a connection, when nothing has begun that it holds a lease for, and nothing is to be reported. */
  unreachableExitMs: z.number().optional(),
  /** How long running attempts may go on after SIGTERM before they are stopped and reported as lost. */
  drainTimeoutMs: z.number().optional(),
  /** How an attempt is stopped: the abort signal in author code, then SIGTERM to its process group, then SIGKILL, with these times between. Default 5 s each. */
  stopLadder: z.object({ abortGraceMs: z.number().nonnegative(), termGraceMs: z.number().nonnegative() }).optional(),
  /** Log of one attempt, in bytes; what comes after is counted and dropped. Default 100 MiB. */
  maxLogBytes: z.number().int().positive().optional(),
  /** How warm child processes are kept and replaced; what is left out has the runner's default. */
  childPolicy: z
    .object({
      /** Attempts after which a child is replaced. */
      maxAttempts: z.number().int().positive(),
      /** Age after which it is replaced, between two attempts. */
      maxAgeMs: z.number().positive(),
      /** Time without work after which it ends. */
      maxIdleMs: z.number().positive(),
      /** Resident memory after an attempt, above which it is replaced. */
      maxRssBytes: z.number().positive(),
      /** Bundles that it may import. 1: DAG files never share a process. */
      bundlesPerChild: z.number().int().positive(),
    })
    .partial()
    .optional(),
});
export type HostStartup = z.infer<typeof HostStartup>;

export const HostControlRequest = z.discriminatedUnion("op", [
  /** Opens the conversation, and tells the host where the execution API is now. The answer says who the host is, so that a `token` can be made for it. */
  z.object({ id, op: z.literal("hello"), version: z.number(), executionApiUrl: z.string() }),
  /** Delivers commands. Those the host has already are ignored. Answered as soon as they are in the host's queue. */
  z.object({ id, op: z.literal("submit"), commands: z.array(TaskCommand) }),
  /** Stops attempts, waiting or running; unknown ids are ignored. Answered before they have ended. */
  z.object({ id, op: z.literal("cancel"), attempts: z.array(z.object({ attemptId: z.string(), reason: z.string() })) }),
  z.object({ id, op: z.literal("list") }),
  /**
   * Attempts that the server has begun on this host, as an answer of the execution API would bring them; only to a host whose `hello` says `begins`. `leasedAtMs`: a moment before their leases
   * were made, by the machine's monotonic clock (`process.hrtime`, which all its processes share). Those it has, had before or gave up are ignored. Answered as soon as they are the host's.
   */
  z.object({ id, op: z.literal("begin"), grants: z.array(AttemptGrant), leasedAtMs: z.number() }),
  /**
   * Asks the execution API for what runs on this host as far as the server knows and was never told to it: a `begin` may have been lost with who was to send it. Only to a host that `begins`.
   * Answered when it has been asked, also if that takes long; `ok: false`: it could not be.
   */
  z.object({ id, op: z.literal("catch_up") }),
  /** A new host token, in place of one that expires. */
  z.object({ id, op: z.literal("token"), hostToken: z.string() }),
  /** Ends the host and its children: with `drain` after running attempts have ended, at most `timeoutMs` later. Answered at once; the socket closes at the end. */
  z.object({ id, op: z.literal("stop"), drain: z.boolean(), timeoutMs: z.number() }),
]);
export type HostControlRequest = z.infer<typeof HostControlRequest>;

/** How full a host is. `waiting`: delivered, not yet started. */
export const HostLoad = z.object({
  slots: z.number(),
  waiting: z.number(),
  running: z.number(),
  /** People drain the host: it begins nothing, and wants nothing. Absent: no. */
  isPaused: z.boolean().optional(),
  /** Nothing is to begin on it: a call of the execution API failed the last time, so that a lease might run out, or the host ends. Absent: no. */
  isCutOff: z.boolean().optional(),
});
export type HostLoad = z.infer<typeof HostLoad>;

/** All attempts the host knows, whatever they wait for. */
export const HostAttempts = z.object({ waiting: z.array(z.string()), running: z.array(z.string()) });
export type HostAttempts = z.infer<typeof HostAttempts>;

export const HostControlAnswer = z.object({
  id,
  ok: z.boolean(),
  /** Why not, when `ok` is false. */
  message: z.string().optional(),
  /** Answer to `hello`. */
  hello: z
    .object({
      version: z.number(),
      hostId: z.string(),
      pid: z.number(),
      load: HostLoad,
      attempts: HostAttempts,
      /** It understands `begin` and `catch_up`. Absent: a host of an earlier release, which does not. */
      begins: z.boolean().optional(),
    })
    .optional(),
  /** Answer to `list` and to `catch_up`. */
  attempts: HostAttempts.optional(),
});
export type HostControlAnswer = z.infer<typeof HostControlAnswer>;

export const HostControlEvent = z.discriminatedUnion("event", [
  /**
   * What changed since the last such event, gathered over a few milliseconds: attempts that the host took by itself (answers to `want`), attempts that it is done with, and how full
   * it is now. An executor needs the ids to know what is lost when the host dies.
   */
  z.object({ event: z.literal("changed"), taken: z.array(z.string()), ended: z.array(z.string()), load: HostLoad }),
  /** The execution API does not accept the host's token any more: please send one. */
  z.object({ event: z.literal("token_wanted") }),
  /** The execution API has not answered for a while, or refuses what it is asked; told again every half minute while it lasts. */
  z.object({
    event: z.literal("trouble"),
    executionApiUrl: z.string(),
    /** What the host tries, such as `register`. */
    doing: z.string(),
    /** Since when nothing of it has worked. */
    forMs: z.number(),
    failures: z.number(),
    /** What the last try found. */
    error: z.string(),
    load: HostLoad,
  }),
  z.object({ event: z.literal("recovered"), doing: z.string(), afterMs: z.number() }),
  /** The host is going down in an orderly way; it takes nothing more. */
  z.object({ event: z.literal("stopping") }),
]);
export type HostControlEvent = z.infer<typeof HostControlEvent>;
