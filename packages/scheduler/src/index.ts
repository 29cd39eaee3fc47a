export { createScheduler, type Scheduler, type SchedulerOptions } from "./scheduler.ts";
export { NO_SCHEDULER_METRICS, type SchedulerClock, type SchedulerLogger, type SchedulerMetrics, SYSTEM_CLOCK } from "./ports.ts";
export { DEFAULT_STEP_LIMITS, type Occasion, type StepLimits } from "./steps.ts";
