import type { Connection } from "../runtime.ts";
import { ConnectionFields } from "./connection-fields.ts";

/** Where a Docker API is: a socket file, or a server. */
export type DockerAddress = { kind: "socket"; socketPath: string } | { kind: "server"; url: string };

export interface DockerSettings {
  connectionId: string | null;
  address: DockerAddress;
  /** PEM texts, for a server that is asked over TLS. */
  tls: { ca?: string; cert?: string; key?: string } | null;
  /** Sent to the registry when an image is pulled: login and password, with `extra.registry` (or `schema`) as its address. */
  registry: { username: string; password: string; serveraddress: string } | null;
}

const DEFAULT_SOCKET = "/var/run/docker.sock";

/** The host is `unix:///path`, `tcp://name:2375` or a name; without one it is where `DOCKER_HOST` or the default socket points. TLS texts come from `extra.ca`, `extra.cert` and `extra.key`. */
export function readDocker(connection: Connection): DockerSettings {
  const fields = new ConnectionFields(connection, { kind: "a Docker API", connTypes: ["docker", "podman"] });
  const { connectionId, host, port, login, password, schema } = connection;
  const given = host ? (host.includes("://") || host.startsWith("/") ? host : `tcp://${host}`) : process.env.DOCKER_HOST;
  const [ca, cert, key] = [fields.text("ca", "ca_cert"), fields.text("cert", "client_cert"), fields.text("key", "client_key")];
  const tls = ca === undefined && cert === undefined && key === undefined ? null : { ca, cert, key };
  const address = parseDockerAddress(given, port, tls !== null);
  if (address === undefined) throw fields.invalid(`has the address "${given}". Write it as unix:///path/to/docker.sock, or tcp://name:2375.`);
  const registry = login === null ? null : { username: login, password: password ?? "", serveraddress: fields.text("registry") ?? schema ?? "" };
  return { connectionId, address, tls, registry };
}

/** undefined: it is not an address of an API that can be asked from here. */
export function parseDockerAddress(text: string | undefined, port: number | null = null, tls = false): DockerAddress | undefined {
  if (text === undefined || text === "") return { kind: "socket", socketPath: DEFAULT_SOCKET };
  if (text.startsWith("/")) return { kind: "socket", socketPath: text };
  const socketPath = /^unix:\/\/(\/.+)$/.exec(text)?.[1];
  if (socketPath !== undefined) return { kind: "socket", socketPath };
  if (!/^(tcp|https?):\/\//.test(text)) return undefined;
  const whole = text.replace(/^tcp:/, tls ? "https:" : "http:");
  if (!URL.canParse(whole)) return undefined;
  const url = new URL(whole);
  if (url.port === "") url.port = String(port ?? (tls ? 2376 : 2375));
  return { kind: "server", url: url.href.replace(/\/$/, "") };
}
