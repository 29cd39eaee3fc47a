import { isIPv6 } from "node:net";

const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * What an address counts as where tries are limited. Whoever has one IPv6 address has the 2^64 of its network, so these count together; an IPv4 address counts alone, however it is written.
 */
export function addressKey(address: string): string {
  const [plain = ""] = address.split("%", 1);
  const ipv4 = MAPPED_IPV4.exec(plain)?.[1];
  if (ipv4 !== undefined) return ipv4;
  if (!isIPv6(plain)) return address;
  const [before = "", after] = plain.toLowerCase().split("::", 2);
  const groupsOf = (text: string): string[] => (text === "" ? [] : text.split(":").map((group) => group.replace(/^0+(?=.)/, "")));
  const first = groupsOf(before);
  const missing = after === undefined ? 0 : 8 - first.length - groupsOf(after).length - (after.includes(".") ? 1 : 0);
  const network = [...first, ...Array.from({ length: missing }, () => "0"), ...groupsOf(after ?? "")].slice(0, 4);
  return `${network.join(":")}::/64`;
}
