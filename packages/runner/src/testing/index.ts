export { ExecutionApiPeer, type NewAttempt, type PeerAttempt } from "./execution-api-peer.ts";
