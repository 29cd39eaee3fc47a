import type * as Esbuild from "esbuild";

/** Builds of this process that are under way, in the one process of esbuild that they share. */
let building = 0;

/** When the esbuild process was killed (out of memory, by hand) or stopped by others in this process, its library stays bound to the dead one until it is told to stop. */
export async function withLivingService<T>(esbuild: Pick<typeof Esbuild, "stop">, run: () => Promise<T>): Promise<T> {
  building += 1;
  try {
    return await withRareCollection(run);
  } catch (error) {
    if (!(error instanceof Error) || !/^The service (was stopped|is no longer running)/u.test(error.message)) throw error;
    await esbuild.stop();
    return await withRareCollection(run);
  } finally {
    building -= 1;
  }
}

/** Ends the esbuild process unless others use it: a build that it is ended under may never be answered. */
export async function stopIdleService(esbuild: Pick<typeof Esbuild, "stop">): Promise<void> {
  if (building === 0) await esbuild.stop();
}

/** Go's runtime tidies up as soon as its heap has doubled: with a few megabytes after each bundle, which took a third of the bundler's time. This lets it use some 50 MB, and be careful only when it has much. */
const RARE_COLLECTION = { GOGC: "400", GOMEMLIMIT: "512MiB" };

/** The process of esbuild is started by the first call, before that returns, with the environment of this one. */
function withRareCollection<T>(start: () => T): T {
  const own = Object.entries(RARE_COLLECTION).filter(([name]) => process.env[name] === undefined);
  for (const [name, value] of own) process.env[name] = value;
  try {
    return start();
  } finally {
    for (const [name] of own) delete process.env[name];
  }
}
