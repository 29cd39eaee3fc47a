/**
 * Version of what processes say to each other. A runner and a server of different releases may meet (rolling deploy): within one major version only optional
 * fields are added, and both sides ignore fields they do not know. The server answers 426 to another major version.
 *
 * @example `x-tradewind-contract: 1`
 */
export const CONTRACT_VERSION = 1;

/** Header that carries {@link CONTRACT_VERSION} on each call of the execution API. */
export const CONTRACT_VERSION_HEADER = "x-tradewind-contract";
