import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { TradewindError } from "@tradewind/core";

/*
 * Fernet, the format Airflow keeps its secrets in.
 *
 *   key   = base64url(signing key 16 ‖ AES key 16)
 *   token = base64url(0x80 ‖ seconds since 1970, 8 bytes big-endian ‖ IV 16 ‖ AES-128-CBC, PKCS7 ‖ HMAC-SHA256 of all before, 32)
 */

const version = 0x80;
const headerBytes = 1 + 8;
const ivBytes = 16;
const blockBytes = 16;
const macBytes = 32;
const shortestToken = headerBytes + ivBytes + blockBytes + macBytes;
/** How far in the future a token may seem to be made when its age is checked: clocks differ. */
const clockSkewSeconds = 60;

interface Key {
  readonly signing: Buffer;
  readonly encryption: Buffer;
}

export interface Fernet {
  encrypt(text: string): string;
  /** @throws TradewindError `secret_undecryptable` when no key made this token, or it was altered. */
  decrypt(token: string): string;
  /** The same text under the first key; keeps the time the token was made. */
  rotate(token: string): string;
  /** True when the first key made it: nothing to rotate. */
  isCurrent(token: string): boolean;
}

/**
 * @param keys one key, or several with commas between: the first encrypts, all decrypt.
 * @throws TradewindError `invalid_config` when a key is not 32 bytes in base64url.
 */
export function createFernet(keys: string): Fernet {
  const parsed = parseKeys(keys);
  const [first] = parsed as [Key, ...Key[]];
  return {
    encrypt: (text) => seal(first, Buffer.from(text, "utf8"), nowInSeconds(), randomBytes(ivBytes)),
    decrypt: (token) => open(parsed, token).text.toString("utf8"),
    rotate: (token) => {
      const { text, madeAtSeconds } = open(parsed, token);
      return seal(first, text, madeAtSeconds, randomBytes(ivBytes));
    },
    isCurrent: (token) => {
      const bytes = parseToken(token);
      return bytes !== undefined && hasMacOf(first, bytes);
    },
  };
}

export function generateFernetKey(): string {
  return encode(randomBytes(32));
}

/** With time and IV given: for the test vectors of the specification. */
export function sealWith(key: string, text: string, madeAtSeconds: number, iv: Buffer): string {
  return seal(parseKey(key, 0), Buffer.from(text, "utf8"), madeAtSeconds, iv);
}

/** Also checks the age, as the specification's vectors want; our own secrets do not age. */
export function openFresh(keys: string, token: string, ttlSeconds: number, nowSeconds: number): string {
  const { text, madeAtSeconds } = open(parseKeys(keys), token);
  if (madeAtSeconds + ttlSeconds < nowSeconds || madeAtSeconds > nowSeconds + clockSkewSeconds)
    throw undecryptable("it is too old, or made in the future");
  return text.toString("utf8");
}

function seal(key: Key, text: Buffer, madeAtSeconds: number, iv: Buffer): string {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt8(version, 0);
  header.writeBigUInt64BE(BigInt(madeAtSeconds), 1);
  const cipher = createCipheriv("aes-128-cbc", key.encryption, iv);
  const signed = Buffer.concat([header, iv, cipher.update(text), cipher.final()]);
  return encode(Buffer.concat([signed, macOf(key, signed)]));
}

/** Everything about a bad token gives the same error: what exactly is wrong with it helps nobody but a forger. */
function open(keys: readonly Key[], token: string): { text: Buffer; madeAtSeconds: number } {
  const bytes = parseToken(token);
  if (!bytes) throw undecryptable("it is not a Fernet token");
  const key = keys.find((candidate) => hasMacOf(candidate, bytes));
  if (!key) throw undecryptable(`none of the ${keys.length} configured Fernet keys made it, or it was altered`);
  const iv = bytes.subarray(headerBytes, headerBytes + ivBytes);
  const decipher = createDecipheriv("aes-128-cbc", key.encryption, iv);
  try {
    const text = Buffer.concat([decipher.update(bytes.subarray(headerBytes + ivBytes, -macBytes)), decipher.final()]);
    return { text, madeAtSeconds: Number(bytes.readBigUInt64BE(1)) };
  } catch (cause) {
    throw undecryptable("its content is damaged", cause);
  }
}

function parseToken(token: string): Buffer | undefined {
  const bytes = decode(token);
  if (!bytes || bytes.length < shortestToken || bytes[0] !== version) return undefined;
  return (bytes.length - headerBytes - ivBytes - macBytes) % blockBytes === 0 ? bytes : undefined;
}

function hasMacOf(key: Key, bytes: Buffer): boolean {
  return timingSafeEqual(macOf(key, bytes.subarray(0, -macBytes)), bytes.subarray(-macBytes));
}

function macOf(key: Key, signed: Buffer): Buffer {
  return createHmac("sha256", key.signing).update(signed).digest();
}

function parseKeys(keys: string): readonly Key[] {
  return keys.split(",").map((key, index) => parseKey(key.trim(), index));
}

/** Names the place, never the key. */
function parseKey(key: string, index: number): Key {
  const bytes = decode(key);
  if (bytes?.length !== 32) {
    throw new TradewindError(
      "invalid_config",
      `Fernet key number ${index + 1} is not 32 bytes in base64url. Make one with "openssl rand -base64 32 | tr '+/' '-_'".`,
    );
  }
  return { signing: bytes.subarray(0, 16), encryption: bytes.subarray(16) };
}

/** Strict, unlike `Buffer.from`, which skips what it does not know. */
function decode(text: string): Buffer | undefined {
  if (!/^[A-Za-z0-9_-]*={0,2}$/.test(text) || text.length % 4 !== 0) return undefined;
  return Buffer.from(text, "base64url");
}

/** With padding, as Python writes and wants it. */
function encode(bytes: Buffer): string {
  const text = bytes.toString("base64url");
  return text.padEnd(Math.ceil(text.length / 4) * 4, "=");
}

function nowInSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

function undecryptable(found: string, cause?: unknown): TradewindError {
  const message = `Tried to decrypt a stored secret: ${found}. Put the key that encrypted it into TRADEWIND__CORE__FERNET_KEY, after a comma if it is an old one.`;
  return new TradewindError("secret_undecryptable", message, { cause });
}
