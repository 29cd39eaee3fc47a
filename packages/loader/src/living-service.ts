import type * as Esbuild from "esbuild";

/** When the esbuild process was killed (out of memory, by hand) or stopped by others in this process, its library stays bound to the dead one until it is told to stop. */
export async function withLivingService<T>(esbuild: Pick<typeof Esbuild, "stop">, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof Error) || !/^The service (was stopped|is no longer running)/u.test(error.message)) throw error;
    await esbuild.stop();
    return await run();
  }
}
