export * from "./states.ts";
export * from "./dag-spec.ts";
export * from "./timetable-spec.ts";
