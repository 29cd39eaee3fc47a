/** Small real servers that stand in for those of an author, in tests. */
export { type ReceivedMail } from "./mail-server.ts";
export { IMAGE, startPodman } from "./podman.ts";
export { S3Server } from "./s3-server.ts";
export { startStandIns, type StandIns } from "./start-stand-ins.ts";
