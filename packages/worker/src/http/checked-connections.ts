// How one request of a model connects: to addresses that are checked as they are resolved. Knows no request.

import { lookup, type LookupAddress, type LookupAllOptions } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { callbackify } from "node:util";
import { RoostError } from "@roost/base";
import type { Agent } from "undici";
import { checkAddress, isSameAddress, type AddressRules } from "./check-address.ts";

type ResolveHost = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export interface ConnectionRules {
  rules: AddressRules;
  /** Says which addresses a name has. Default: the system's resolver. */
  resolveHost?: ResolveHost;
  /** Names of hosts that are not to be reached by another name either: without TLS nothing tells one name of a server from another. */
  heldHosts?: readonly string[];
}

/** Of a dispatcher for one request that connects only to checked addresses: resolving and connecting are one step, so DNS cannot change in between. */
export function checkedConnections(
  url: URL,
  { rules, resolveHost = lookup, heldHosts = [] }: ConnectionRules,
): Agent.Options {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) !== 0) checkAddress(host, url, rules);
  const resolveAll = (hostname: string, options: LookupAllOptions) =>
    new Promise<LookupAddress[]>((resolve, reject) => {
      resolveHost(hostname, { ...options, all: true }, (error, addresses) =>
        error === null ? resolve(addresses) : reject(error),
      );
    });
  const refuseSame = async (
    held: string,
    { addresses, options }: { addresses: LookupAddress[]; options: LookupAllOptions },
  ) => {
    // What has no address is reached by no other name.
    const others = await resolveAll(held, options).catch(() => []);
    refuseShared(url, held, { addresses, others });
  };
  const addressesOf = async (hostname: string, options: LookupAllOptions) => {
    const addresses = await resolveAll(hostname, options);
    for (const { address } of addresses) checkAddress(address, url, rules);
    if (addresses.length === 0) throw new RoostError("unavailable", `${hostname} has no address`);
    if (url.protocol === "http:") await Promise.all(heldHosts.map((held) => refuseSame(held, { addresses, options })));
    return addresses;
  };
  const lookupAll = callbackify(addressesOf);
  const lookupChecked: LookupFunction = (hostname, lookupOptions, callback) => {
    lookupAll(hostname, { ...lookupOptions, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, "", 4);
      if (lookupOptions.all === true) return callback(null, addresses);
      return callback(null, addresses[0]!.address, addresses[0]!.family);
    });
  };
  return { connect: { lookup: lookupChecked, timeout: 10_000 }, maxHeaderSize: 32_768, connections: 1 };
}

function refuseShared(
  url: URL,
  held: string,
  { addresses, others }: { addresses: readonly LookupAddress[]; others: readonly LookupAddress[] },
): void {
  const shared = addresses.find((one) => others.some(({ address }) => isSameAddress(address, one.address)));
  if (shared === undefined) return;
  throw new RoostError(
    "forbidden",
    `${url.host} is at ${shared.address}, as ${held} is, of which policies hold calls back: ask for https://, or name ${url.host} in the policies too`,
    { details: { address: shared.address, host: url.host } },
  );
}
