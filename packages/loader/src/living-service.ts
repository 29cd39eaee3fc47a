import type * as Esbuild from "esbuild";

/** Builds of this process that are under way, in the one process of esbuild that they share. */
let building = 0;

/** When the esbuild process was killed (out of memory, by hand) or stopped by others in this process, its library stays bound to the dead one until it is told to stop. */
export async function withLivingService<T>(esbuild: Pick<typeof Esbuild, "stop">, run: () => Promise<T>): Promise<T> {
  building += 1;
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof Error) || !/^The service (was stopped|is no longer running)/u.test(error.message)) throw error;
    await esbuild.stop();
    return await run();
  } finally {
    building -= 1;
  }
}

/** Ends the esbuild process unless others use it: a build that it is ended under may never be answered. */
export async function stopIdleService(esbuild: Pick<typeof Esbuild, "stop">): Promise<void> {
  if (building === 0) await esbuild.stop();
}
