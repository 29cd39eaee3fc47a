/** The REST API as its user of the name `admin` sees it. */
export class RestClient {
  readonly url: string;
  readonly #password: string;
  #token: Promise<string> | undefined;

  constructor(url: string, password: string) {
    this.url = url;
    this.#password = password;
  }

  /** Throws on any status but 2xx. */
  async call<T>(method: string, path: string, body?: unknown, more: Record<string, string> = {}): Promise<T> {
    this.#token ??= this.#logIn();
    const headers = { ...more, authorization: `Bearer ${await this.#token}`, ...(body === undefined ? {} : { "content-type": "application/json" }) };
    const response = await fetch(`${this.url}/api/v2${path}`, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return (text === "" ? undefined : JSON.parse(text)) as T;
  }

  /** Starts a run without a date; gives its run id. */
  async trigger(dagId: string): Promise<string> {
    return (await this.call<{ dag_run_id: string }>("POST", `/dags/${dagId}/dagRuns`, { logical_date: null })).dag_run_id;
  }

  /** Starts so many runs, a few requests at a time. */
  async triggerMany(dagId: string, count: number): Promise<void> {
    let left = count;
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        while (left-- > 0) await this.trigger(dagId);
      }),
    );
  }

  async #logIn(): Promise<string> {
    const response = await fetch(`${this.url}/auth/token`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ username: "admin", password: this.#password }),
    });
    if (response.status !== 201) throw new Error(`could not log in: ${response.status} ${await response.text()}`);
    return ((await response.json()) as { access_token: string }).access_token;
  }
}
