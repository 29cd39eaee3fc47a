/** For vitest's `globalSetup`: the PostgreSQL of the tests, started when the first of them asks and stopped with the run. */
export { default } from "@tradewind/metadata/testing/global-setup";
