import { TradewindError } from "@tradewind/core";

/** Where Redis is, read from its URL. */
export interface RedisAddress {
  kind: "single" | "sentinel" | "cluster";
  /** The server, the sentinels, or some nodes of the cluster. */
  nodes: { host: string; port: number }[];
  /** Of the group that the sentinels watch; only with `sentinel`. */
  masterName: string | null;
  username: string | null;
  password: string | null;
  /** Number of the database; a cluster has only 0. */
  db: number;
  tls: boolean;
}

const SCHEMES: Readonly<Record<string, Pick<RedisAddress, "kind" | "tls">>> = {
  redis: { kind: "single", tls: false },
  rediss: { kind: "single", tls: true },
  "redis+sentinel": { kind: "sentinel", tls: false },
  "rediss+sentinel": { kind: "sentinel", tls: true },
  "redis+cluster": { kind: "cluster", tls: false },
  "rediss+cluster": { kind: "cluster", tls: true },
};
const REDIS_PORT = 6379;
const SENTINEL_PORT = 26_379;

/**
 * Reads a Redis URL: `redis://user:password@host:6379/0`, `rediss://…` with TLS, `redis+sentinel://host:26379,host:26379/master/0`, `redis+cluster://host:6379,host:6379`.
 *
 * @throws TradewindError `invalid_config`; its message never holds the password
 */
export function parseRedisUrl(url: string): RedisAddress {
  const match = /^([a-z+]+):\/\/(?:([^@/]*)@)?([^@/]+)((?:\/[^/]*)*)$/u.exec(url);
  const scheme = match === null ? undefined : SCHEMES[match[1]!];
  if (match === null || scheme === undefined) throw refused(url, "it is not a URL of Redis");
  const nodes = match[3]!.split(",").map((place) => parsePlace(url, place, scheme.kind === "sentinel" ? SENTINEL_PORT : REDIS_PORT));
  if (scheme.kind === "single" && nodes.length > 1) throw refused(url, "several addresses need redis+sentinel:// or redis+cluster://");
  const path = match[4]!.split("/").slice(1).filter(Boolean).map(decodeURIComponent);
  const masterName = scheme.kind === "sentinel" ? (path.shift() ?? null) : null;
  if (scheme.kind === "sentinel" && masterName === null)
    throw refused(url, "after the sentinels comes the name of their master, as in redis+sentinel://host:26379/mymaster");
  const db = Number(path.shift() ?? 0);
  if (path.length > 0 || !Number.isInteger(db) || db < 0) throw refused(url, "the number of the database is not a number");
  if (scheme.kind === "cluster" && db !== 0) throw refused(url, "a cluster has no database but 0");
  return { ...scheme, nodes, masterName, db, ...parseUser(match[2]) };
}

/** The address for people: without user and password. */
export function showRedis({ kind, nodes, masterName, db, tls }: RedisAddress): string {
  const places = nodes.map(({ host, port }) => `${host.includes(":") ? `[${host}]` : host}:${port}`).join(",");
  const scheme = `redis${tls ? "s" : ""}${kind === "single" ? "" : `+${kind}`}`;
  return `${scheme}://${places}${masterName === null ? "" : `/${masterName}`}${db === 0 ? "" : `/${db}`}`;
}

function parsePlace(url: string, place: string, defaultPort: number): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/u.exec(place);
  if (match === null) throw refused(url, `"${place}" is not a host with a port`);
  return { host: match[1] ?? match[2]!, port: match[3] === undefined ? defaultPort : Number(match[3]) };
}

// One word before the @ is a password, as in the URLs that Redis 5 and its services give; two are a user and a password.
function parseUser(text: string | undefined): Pick<RedisAddress, "username" | "password"> {
  if (text === undefined || text === "") return { username: null, password: null };
  const colon = text.indexOf(":");
  const [username, password] = colon === -1 ? ["", text] : [text.slice(0, colon), text.slice(colon + 1)];
  return { username: username === "" ? null : decodeURIComponent(username), password: password === "" ? null : decodeURIComponent(password) };
}

function refused(url: string, why: string): TradewindError {
  const shown = url.replace(/\/\/[^@]*@/u, "//…@");
  return new TradewindError(
    "invalid_config",
    `The Redis URL "${shown}" can't be used: ${why}. Expected redis://host:6379, rediss:// for TLS, redis+sentinel://host:26379,host:26379/master or redis+cluster://host:6379,host:6379.`,
  );
}
