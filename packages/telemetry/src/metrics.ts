import type { StatsD } from "hot-shots";
import { METRICS, type MetricName, type NameOfKind, type TagArguments, type TagValue } from "./metric-names.ts";

/** The `metrics` section of the configuration. */
export interface MetricsOptions {
  statsdOn: boolean;
  statsdHost: string;
  statsdPort: number;
  /** First part of every name. */
  prefix: string;
  /** Whether the legacy form of a metric is sent besides its tagged name. */
  legacyNamesOn: boolean;
  tagFormat: "datadog" | "influxdb" | "none";
  disabledTags: readonly string[];
  /** Regular expressions, looked for in the lower-case name without prefix. */
  allowList: readonly string[];
  blockList: readonly string[];
}

/** Where the services report numbers. Sending never fails and never waits. */
export interface Metrics {
  increment<N extends NameOfKind<"counter">>(name: N, ...tags: TagArguments<N>): void;
  /** Adds `by`, which may be negative. */
  count<N extends NameOfKind<"counter">>(name: N, by: number, ...tags: TagArguments<N>): void;
  gauge<N extends NameOfKind<"gauge">>(name: N, value: number, ...tags: TagArguments<N>): void;
  timing<N extends NameOfKind<"timer">>(name: N, durationMs: number, ...tags: TagArguments<N>): void;
  /** Sends what is buffered. Nothing may be reported afterwards. */
  close(): Promise<void>;
}

export const NO_METRICS: Metrics = {
  increment() {},
  count() {},
  gauge() {},
  timing() {},
  async close() {},
};

/** What fits into one UDP packet on any network. */
const PACKET_BYTES = 1432;
const FLUSH_INTERVAL_MS = 250;
/** Packets are many, and why they cannot be sent stays the same for long. */
const TELL_AGAIN_AFTER_MS = 60_000;

/**
 * Makes the metrics of a process. The client library is loaded only when metrics are on.
 * @param onError told when packets cannot be sent, e.g. because the host has no address, at most once a minute; metrics go on
 */
export async function createMetrics(options: MetricsOptions, onError: (error: Error) => void = () => {}): Promise<Metrics> {
  if (!options.statsdOn) return NO_METRICS;
  const { StatsD } = await import("hot-shots");
  let toldAt = Number.NEGATIVE_INFINITY;
  const client = new StatsD({
    host: options.statsdHost,
    port: options.statsdPort,
    prefix: options.prefix === "" ? "" : `${options.prefix.replace(/\.$/, "")}.`,
    telegraf: options.tagFormat === "influxdb",
    cacheDns: true,
    maxBufferSize: PACKET_BYTES,
    bufferFlushInterval: FLUSH_INTERVAL_MS,
    // Nothing is taken from the environment behind the configuration's back.
    datadog: false,
    includeDataDogTags: false,
    errorHandler(error) {
      if (performance.now() - toldAt < TELL_AGAIN_AFTER_MS) return;
      toldAt = performance.now();
      onError(error);
    },
  });
  return reportTo(client, options);
}

function reportTo(client: StatsD, options: MetricsOptions): Metrics {
  const isWanted = nameFilter(options);
  const disabledTags = new Set(options.disabledTags);
  const send = (method: "increment" | "gauge" | "timing", name: MetricName, value: number, tags: Record<string, TagValue> = {}): void => {
    const taggedName = fillIn(name, tags);
    const { legacy } = METRICS[name];
    if (isWanted(taggedName)) client[method](taggedName, value, options.tagFormat === "none" ? [] : formatTags(tags, disabledTags));
    if (legacy === null || !options.legacyNamesOn) return;
    const legacyName = fillIn(legacy, tags);
    if (isWanted(legacyName)) client[method](legacyName, value, []);
  };
  return {
    increment: (name, ...[tags]) => send("increment", name, 1, tags),
    count: (name, by, ...[tags]) => send("increment", name, by, tags),
    gauge: (name, value, ...[tags]) => send("gauge", name, value, tags),
    timing: (name, durationMs, ...[tags]) => send("timing", name, durationMs, tags),
    close: () => new Promise((resolve) => client.close(() => resolve())),
  };
}

/** Puts tags into a name; what StatsD gives a meaning to, or would split a path at, becomes an underscore. */
function fillIn(template: string, tags: Record<string, TagValue>): string {
  return template.replaceAll(/\{(\w+)\}/g, (_, tag: string) => String(tags[tag] ?? "unknown").replaceAll(/[^\w./-]/g, "_"));
}

function formatTags(tags: Record<string, TagValue>, disabled: ReadonlySet<string>): Record<string, string> {
  const entries = Object.entries(tags).filter(([tag]) => !disabled.has(tag));
  return Object.fromEntries(entries.map(([tag, value]) => [tag, String(value).replaceAll(/\s/g, "_")]));
}

/** As Airflow does: found anywhere in the lower-case name. */
function nameFilter(options: Pick<MetricsOptions, "allowList" | "blockList">): (name: string) => boolean {
  if (options.allowList.length === 0 && options.blockList.length === 0) return () => true;
  const allow = options.allowList.map((source) => new RegExp(source));
  const block = options.blockList.map((source) => new RegExp(source));
  return (name) => {
    const lowerCase = name.toLowerCase();
    return (allow.length === 0 || allow.some((pattern) => pattern.test(lowerCase))) && !block.some((pattern) => pattern.test(lowerCase));
  };
}
