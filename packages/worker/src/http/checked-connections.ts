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
  /** How long the addresses of one of them may take. */
  heldLookupMsMax?: number;
}

/** Such a name has no address, so nothing is reached by it. */
const hasNoAddress: ReadonlySet<unknown> = new Set(["ENOTFOUND", "ENODATA"]);

/** Of a dispatcher for one request that connects only to checked addresses: resolving and connecting are one step, so DNS cannot change in between. */
export function checkedConnections(
  url: URL,
  { rules, resolveHost = lookup, heldHosts = [], heldLookupMsMax = 3_000 }: ConnectionRules,
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
    const others = await within(heldLookupMsMax, resolveAll(held, options)).catch((cause: NodeJS.ErrnoException) => {
      if (hasNoAddress.has(cause.code)) return [];
      const why = `its addresses are not known (${cause.code ?? cause.message})`;
      throw new RoostError(
        "unavailable",
        `${url.host} may be at the same address as ${held}, of which policies hold calls back, and ${why}: ask for https://, or try again later`,
        { cause },
      );
    });
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

async function within<Found>(msMax: number, found: Promise<Found>): Promise<Found> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${msMax} ms`)), msMax);
  try {
    return await Promise.race([found, late.promise]);
  } finally {
    clearTimeout(timer);
  }
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
