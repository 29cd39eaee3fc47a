/** An address without a path is that of a server of ours; one with a path is taken as it is (behind a proxy). */
export function executionBaseUrl(url: string): string {
  return new URL(url).pathname === "/" ? `${url.replace(/\/+$/, "")}/execution/v1` : url;
}
