export * from "./engine.ts";
export type * from "./scheduling-use-cases.ts";
export { createEngine, DEFAULT_ENGINE_LIMITS, type EngineOptions } from "./create-engine.ts";
export { addChanges, type ChangeSet, createChangeSet } from "./changes/change-set.ts";
export type { EngineLimits } from "./context.ts";
export { PAUSE_POINTS, type PausePoint } from "./pause-points.ts";
