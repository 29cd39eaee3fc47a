import { type Database, vacuumLiveTables } from "@tradewind/metadata";

/** Rows that come and go between two cleanings. More: looks at the tables get slower; fewer: cleaning costs more than it saves. */
const CHURN = 1_000;

/** Has the small tables of what is alive cleaned whenever this process has taken a good many rows out of them; one cleaning at a time. */
export class LiveTables {
  readonly #db: Database;
  readonly #onError: (error: unknown) => void;
  #gone = 0;
  #cleaning: Promise<void> | undefined;

  constructor(db: Database, onError: (error: unknown) => void) {
    this.#db = db;
    this.#onError = onError;
  }

  /** So many rows were deleted, which is committed. */
  noteGone(rows: number): void {
    this.#gone += rows;
    if (this.#gone < CHURN || this.#cleaning !== undefined) return;
    this.#gone = 0;
    this.#cleaning = vacuumLiveTables(this.#db)
      .catch(this.#onError)
      .finally(() => (this.#cleaning = undefined));
  }

  async idle(): Promise<void> {
    await this.#cleaning;
  }
}
