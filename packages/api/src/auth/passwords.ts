import { hash, verify } from "@node-rs/argon2";

/** Argon2id with the parameters that OWASP recommends: 19 MiB, two passes, one lane. The library's default algorithm is argon2id. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

export async function hashPassword(password: string): Promise<string> {
  return hash(password, PARAMETERS);
}

/** A hash of no password, verified when there is no such user, so that the time of an answer does not tell who exists. */
let decoy: Promise<string> | undefined;

/** Made beforehand, so that the first answer does not take longer than others. */
export function prepareDecoy(): Promise<string> {
  return (decoy ??= hashPassword(""));
}

/** `passwordHash` undefined: there is no such user; takes as long, and is false. */
export async function isPasswordRight(passwordHash: string | undefined, password: string): Promise<boolean> {
  if (passwordHash !== undefined) return verify(passwordHash, password);
  await verify(await prepareDecoy(), password);
  return false;
}
