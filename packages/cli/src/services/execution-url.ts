/** Of whether a server answers there at all. Without a token everything is refused; that it refuses tells enough. A proxy before it that does not reach it says 502 or 503. */
export function isExecutionApiThere({ status }: Pick<Response, "status">): boolean {
  return status < 500;
}

/** An address without a path is that of a server of ours; one with a path is taken as it is (behind a proxy). */
export function executionBaseUrl(url: string): string {
  return new URL(url).pathname === "/" ? `${url.replace(/\/+$/, "")}/execution/v1` : url;
}
