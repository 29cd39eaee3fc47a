import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { startDatabaseServer } from "../systems/database-server.ts";
import { openResources } from "../systems/open-resources.ts";
import { median, significant } from "./statistics.ts";

/**
 * How fast the machine is at this moment, by work that none of the systems does: medians in milliseconds. Latencies of tasks are made of such steps, so these tell a slow hour of a shared machine
 * from slow code, and let results of different hours be compared.
 */
export interface MachineSpeed {
  /** Arithmetic in one process, which needs nobody else. */
  cpuMs: number;
  /** A question to PostgreSQL and its answer: what it takes to wake another process and to be woken. */
  selectMs: number;
  /** One row, durable. */
  commitMs: number;
  /** A Node process, from start to exit. */
  processMs: number;
}

const ROUND_TRIPS = 1_000;
const COMMITS = 500;
const PROCESSES = 9;

export async function measureMachineSpeed(): Promise<MachineSpeed> {
  const resources = openResources();
  try {
    const folder = await mkdtemp(join(tmpdir(), "tradewind-bench-"));
    resources.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
    const database = await startDatabaseServer(join(folder, "postgres"));
    resources.defer(() => database.close());
    const client = new pg.Client({ connectionString: database.server.url });
    await client.connect();
    resources.defer(() => client.end());
    await client.query("create table one (value integer)");
    return {
      cpuMs: await typicalMs(9, compute),
      selectMs: await typicalMs(ROUND_TRIPS, () => client.query({ name: "select", text: "select 1" })),
      commitMs: await typicalMs(COMMITS, () => client.query({ name: "insert", text: "insert into one values (1)" })),
      processMs: await typicalMs(PROCESSES, () => promisify(execFile)(process.execPath, ["-e", "0"])),
    };
  } finally {
    await resources.close();
  }
}

/** The first tenth warms up. */
async function typicalMs(times: number, work: () => unknown): Promise<number> {
  const taken: number[] = [];
  for (let time = 0; time < times * 1.1; time += 1) {
    const startedAt = performance.now();
    await work();
    taken.push(performance.now() - startedAt);
  }
  return significant(median(taken.slice(-times)));
}

function compute(): number {
  let value = 1;
  for (let step = 0; step < 10_000_000; step += 1) value = (Math.imul(value, 31) + step) | 0;
  return value;
}
