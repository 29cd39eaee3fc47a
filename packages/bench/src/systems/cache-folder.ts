import { homedir } from "node:os";
import { join } from "node:path";

/** What is kept between benchmarks, outside of the repository: `TRADEWIND_BENCH_CACHE`, else a folder in the user's cache. */
export function cacheFolder(): string {
  return process.env["TRADEWIND_BENCH_CACHE"] ?? join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "tradewind-bench");
}
