export * from "./version.ts";
export * from "./task-command.ts";
export * from "./outcome.ts";
export * from "./grant.ts";
export * from "./exchange.ts";
export * from "./logs.ts";
export * from "./author-api.ts";
export * from "./routes.ts";
