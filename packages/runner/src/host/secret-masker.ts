import type { ConnectionValue } from "@tradewind/contract";

export const MASK = "***";

/** Shorter values are not masked: "a" or "42" would blank out the whole log and protect nothing. */
const MIN_SECRET_LENGTH = 3;

/** Airflow's list of words that make a variable's key, or a member of a connection's extra, a secret. */
const SENSITIVE_WORDS = [
  "access_token",
  "api_key",
  "apikey",
  "authorization",
  "passphrase",
  "passwd",
  "password",
  "private_key",
  "secret",
  "token",
  "keyfile_dict",
  "service_account",
];

/** Does a name say that its value is a secret? Case and dashes do not matter. */
export function isSensitiveName(name: string): boolean {
  const plain = name.toLowerCase().replaceAll("-", "_");
  return SENSITIVE_WORDS.some((word) => plain.includes(word));
}

/**
 * Replaces, in everything an attempt logs, the secrets that it has fetched. A secret is known here before author code gets it, so no later line can slip through.
 */
export class SecretMasker {
  readonly #secrets = new Set<string>();
  #pattern: RegExp | null = null;
  #longest = 0;

  /** Length of the longest secret: what must be kept back when a line is cut in the middle. */
  get longest(): number {
    return this.#longest;
  }

  add(value: string): void {
    for (const form of formsOf(value)) {
      if (form.length < MIN_SECRET_LENGTH) continue;
      this.#secrets.add(form);
      this.#longest = Math.max(this.#longest, form.length);
      this.#pattern = null;
    }
  }

  addVariable(key: string, value: string | null): void {
    if (value !== null && isSensitiveName(key)) this.add(value);
  }

  addConnection(connection: ConnectionValue): void {
    if (connection.password !== null) this.add(connection.password);
    this.#addSensitiveMembers(connection.extra, false);
  }

  maskText(text: string): string {
    if (this.#secrets.size === 0) return text;
    return text.replace((this.#pattern ??= patternOf(this.#secrets)), MASK);
  }

  /** Masks all strings inside plain JSON data. */
  maskFields(fields: Record<string, unknown>): Record<string, unknown> {
    return this.#secrets.size === 0 ? fields : (this.#maskValue(fields) as Record<string, unknown>);
  }

  #maskValue(value: unknown): unknown {
    if (typeof value === "string") return this.maskText(value);
    if (Array.isArray(value)) return value.map((one) => this.#maskValue(one));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [this.maskText(key), this.#maskValue(one)]));
  }

  #addSensitiveMembers(value: unknown, sensitive: boolean): void {
    if (typeof value === "string") {
      if (sensitive) this.add(value);
    } else if (typeof value === "object" && value !== null) {
      for (const [key, one] of Object.entries(value)) this.#addSensitiveMembers(one, sensitive || isSensitiveName(key));
    }
  }
}

/** As it is, line by line when it has several (a private key), and as it looks inside a URL or a JSON text. */
function formsOf(value: string): Set<string> {
  const forms = new Set([value, JSON.stringify(value).slice(1, -1)]);
  if (isWellFormed(value)) forms.add(encodeURIComponent(value));
  if (value.includes("\n")) for (const line of value.split(/\r?\n/u)) if (line.length >= 8) forms.add(line);
  return forms;
}

function isWellFormed(value: string): boolean {
  return !/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/u.test(value);
}

// The longest first: of two secrets, one of which begins like the other, the whole one must go.
function patternOf(secrets: Iterable<string>): RegExp {
  const ordered = [...secrets].sort((a, b) => b.length - a.length);
  return new RegExp(ordered.map((secret) => secret.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|"), "g");
}
