// Decides which network addresses a tool may reach. Resolves and opens nothing.

import { RoostError } from "@roost/base";
import ipaddr from "ipaddr.js";

/** Private addresses allowed by `settings.http.allow`: `host`, `host:port`, an address, or a CIDR range. */
export interface AddressRules {
  allow: string[];
}

/** Publicly routed (in ipaddr.js's terms); everything else belongs to some private network. */
const publicRange = "unicast";
/** Of IPv6 the one block that is (RFC 4291 §2.4): what stands in no other list, such as an IPv4 address behind zeros, is not. */
const publicBlock = ipaddr.parseCIDR("2000::/3") as [ipaddr.IPv6, number];

/**
 * Throws unless a tool may connect to `address` for `url`.
 *
 * @throws RoostError `forbidden`: the address is loopback, private, link-local (cloud metadata), or otherwise not public,
 * and no rule allows it; the message names the rule to add.
 */
export function checkAddress(address: string, url: URL, rules: AddressRules): void {
  const parsed = parseAddress(address);
  if (isPublic(parsed)) return;
  if (rules.allow.some((rule) => ruleMatches(rule, url, parsed))) return;
  throw new RoostError(
    "forbidden",
    `${url.host} is at ${address}, a ${parsed.range()} address that tools may not reach; ` +
      `to allow it, add "${url.host}" under http.allow in roost.yaml`,
    { details: { address, host: url.host } },
  );
}

function isPublic(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return address.range() === publicRange && (address.kind() === "ipv4" || (address as ipaddr.IPv6).match(publicBlock));
}

/** Whether both reach one server, in whichever notation. */
export function isSameAddress(one: string, other: string): boolean {
  return parseAddress(one).toNormalizedString() === parseAddress(other).toNormalizedString();
}

/** IPv4 inside IPv6 (`::ffff:127.0.0.1`, NAT64) is judged as the IPv4 address that it reaches. */
function parseAddress(address: string): ipaddr.IPv4 | ipaddr.IPv6 {
  const parsed = ipaddr.parse(address);
  if (parsed.kind() === "ipv4") return parsed;
  const six = parsed as ipaddr.IPv6;
  if (six.isIPv4MappedAddress()) return six.toIPv4Address();
  return six;
}

function ruleMatches(rule: string, url: URL, address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  const wanted = rule.toLowerCase();
  if (wanted === url.hostname || wanted === `${url.hostname}:${portOf(url)}`) return true;
  if (!wanted.includes("/")) return wanted === address.toString();
  if (!ipaddr.isValidCIDR(wanted)) return false;
  const [network, bits] = ipaddr.parseCIDR(wanted);
  return network.kind() === address.kind() && address.match(network, bits);
}

function portOf(url: URL): string {
  return url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
}
