export { ExecutionApiPeer, NEVER, type NewAttempt, type PeerAttempt } from "./execution-api-peer.ts";
