/** A place that holds files: a folder, or a bucket. Paths have no slash in front. */
export interface FileStore {
  /** How messages name a path in it: `/data/a.csv`, `s3://bucket/a.csv`. */
  label(path: string): string;
  /** undefined: nothing is there. */
  stat(path: string): Promise<FileFacts | undefined>;
  /** The paths of all files below a folder (`""`, or with a slash at the end), in order; none when it is missing. */
  list(folder: string): Promise<string[]>;
  read(path: string): AsyncIterable<Uint8Array>;
  /** Writes a file as a whole: readers see the old one or the new one, never a part. Gives its size. */
  write(path: string, content: AsyncIterable<Uint8Array>): Promise<number>;
  /** @throws when the place can't be reached or may not be used */
  check(): Promise<void>;
}

export interface FileFacts {
  isDirectory: boolean;
  /** null: not known. */
  bytes: number | null;
}
